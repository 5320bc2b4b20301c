import type { Express, Response } from 'express';
import { PROBLEMS, problemPath, type ProblemCode } from '../../contracts/http/problems.ts';
import { Failure } from './failure.ts';
import { protectPage } from './response-headers.ts';

const MARKS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string): string => text.replaceAll(/[&<>]/g, (mark) => MARKS[mark] ?? mark);

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>${escaped(title)}</title>
  </head>
  <body>
    ${body}
  </body>
</html>
`;

function pageOf(code: ProblemCode): string {
  const [status, title, cure] = PROBLEMS[code];
  const body = [
    `<h1>${escaped(title)}</h1>`,
    `<p><code>${code}</code>, status ${status}</p>`,
    `<p>${escaped(cure)}</p>`,
    '<p><a href="/problems">All problems</a></p>',
  ];
  return page(title, body.join('\n    '));
}

function pageOfAll(): string {
  const rows = (Object.keys(PROBLEMS) as ProblemCode[]).toSorted().map((code) => {
    const [status, title, cure] = PROBLEMS[code];
    const link = `<a href="${problemPath(code)}"><code>${code}</code></a>`;
    const cells = [link, status, escaped(title), escaped(cure)];
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  const head = '<tr><th>code</th><th>status</th><th>what happened</th><th>what to do</th></tr>';
  return page('Problems', `<h1>Problems</h1>\n    <table>${head}${rows.join('\n')}</table>`);
}

/**
 * Serves the page that the `type` of each problem document names, at /problems/{code}, and a list
 * of all at /problems. They tell of nobody, so no token is needed.
 */
export function problemPages(app: Express): void {
  const pages = new Map<string, string>(
    (Object.keys(PROBLEMS) as ProblemCode[]).map((code) => [code, pageOf(code)]),
  );
  const all = pageOfAll();
  const send = (response: Response, html: string): void => {
    protectPage(response);
    response.set('Cache-Control', 'no-cache').type('html').send(html);
  };
  app.get('/problems', (_request, response) => send(response, all));
  app.get('/problems/:code', ({ params }, response, next) => {
    const html = pages.get(params.code);
    if (html === undefined) next(new Failure('route-not-found'));
    else send(response, html);
  });
}
