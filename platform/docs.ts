import { createRequire } from 'node:module';
import path from 'node:path';
import express, { type Express } from 'express';

const page = (title: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>${title}</title>
    <link rel="stylesheet" href="/docs/assets/swagger-ui.css">
  </head>
  <body>
    <div id="docs"></div>
    <script src="/docs/assets/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const START = `SwaggerUIBundle({
  url: '/openapi.json', dom_id: '#docs', deepLinking: true, tryItOutEnabled: true,
});
`;

const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";

/** Serves /openapi.json and, at /docs, Swagger UI from this machine, nothing from elsewhere. */
export function docs(app: Express, document: object): void {
  const text = JSON.stringify(document, null, 2);
  const { info } = document as { info: { title: string } };
  const assets = path.dirname(
    createRequire(path.resolve('package.json')).resolve('swagger-ui-dist/package.json'),
  );
  app.get('/openapi.json', (_request, response) => void response.type('json').send(text));
  app.get('/docs', (_request, response) => {
    response.set('Content-Security-Policy', POLICY).type('html').send(page(info.title));
  });
  app.get('/docs/start.js', (_request, response) => void response.type('js').send(START));
  app.use('/docs/assets', express.static(assets, { index: false }));
}
