import { createRequire } from 'node:module';
import path from 'node:path';
import type { Express, RequestHandler } from 'express';

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

// A page that frames the docs would have a person press their buttons without seeing them.
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js'];

/**
 * Serves /openapi.json and, at /docs, Swagger UI from this machine; nothing is loaded from
 * elsewhere.
 */
export function docs(app: Express, document: object): void {
  const text = JSON.stringify(document, null, 2);
  const { info } = document as { info: { title: string } };
  const root = path.dirname(
    createRequire(path.resolve('package.json')).resolve('swagger-ui-dist/package.json'),
  );
  // It tells of nobody, so a browser may keep it and ask whether it is still so.
  const kept: RequestHandler = (_request, response, next) => {
    response.set('Cache-Control', 'no-cache');
    next();
  };
  app.get('/openapi.json', kept, (_request, response) => void response.type('json').send(text));
  app.get('/docs', kept, (_request, response) => {
    response.set('Content-Security-Policy', POLICY).type('html').send(page(info.title));
  });
  app.get('/docs/start.js', kept, (_request, response) => void response.type('js').send(START));
  for (const name of ASSETS) {
    app.get(`/docs/assets/${name}`, kept, (_request, response) => {
      response.sendFile(name, { root });
    });
  }
}
