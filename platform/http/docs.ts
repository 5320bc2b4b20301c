import { createRequire } from 'node:module';
import path from 'node:path';
import type { Express, RequestHandler } from 'express';
import { protectPage } from './response-headers.ts';

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

/** Without try-out nobody can be led to press a button of it. */
const start = (mode: DocsMode): string => `SwaggerUIBundle({
  url: '/openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null,
  docExpansion: 'none', filter: true, defaultModelsExpandDepth: -1,
  ${mode === 'try' ? 'tryItOutEnabled: true' : 'supportedSubmitMethods: []'},
});
`;

const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js'];

/** Whether an API serves its documentation, and whether requests can be sent from it. */
export const DOCS_MODES = ['off', 'read', 'try'] as const;
export type DocsMode = (typeof DOCS_MODES)[number];

/**
 * Serves /openapi.json and, at /docs, Swagger UI from this machine; nothing is loaded from
 * elsewhere, and of its package only two files are served. With `off` it serves nothing, and
 * does not make the document, which takes a quarter of a second.
 */
export function docs(app: Express, title: string, document: () => object, mode: DocsMode): void {
  if (mode === 'off') return;
  const text = JSON.stringify(document(), null, 2);
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
    protectPage(response);
    response.type('html').send(page(title));
  });
  app.get(
    '/docs/start.js',
    kept,
    (_request, response) => void response.type('js').send(start(mode)),
  );
  for (const name of ASSETS) {
    app.get(`/docs/assets/${name}`, kept, (_request, response) => {
      response.sendFile(name, { root });
    });
  }
}
