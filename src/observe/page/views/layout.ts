import { html, raw } from 'hono/html';
import type { Html } from './table.ts';

export interface Shell {
  title: string;
  /** Left out where the browser is to ask for it, with a token. */
  main?: Html;
  /** Addresses of the style sheet and the scripts, echarts first. */
  style: string;
  scripts: readonly string[];
}

const signIn = html`<template id="sign-in"><section class="sign-in" aria-labelledby="sign-in-title"><h1 id="sign-in-title">Sign in</h1>
<p>This page shows what the cluster lets you see: whoever may <code>get nassearches.retune.dev</code>. Paste a bearer token, such as that of <code>kubectl create token</code>. It stays in this tab.</p>
<form><label for="token">Token</label> <input id="token" name="token" type="password" autocomplete="off" spellcheck="false" required aria-describedby="refusal"> <button>Sign in</button></form>
<p role="alert" id="refusal"></p></section></template>`;

const head = (title: string, more: Html) => html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${title}</title>${more}</head>`;

/** A page that the operator serves: it renews itself. */
export const shell = ({ title, main = '', style, scripts }: Shell) => html`${head(
  title,
  html`<link rel="stylesheet" href="${style}"><link rel="icon" href="data:,">${scripts.map((script) => html`<script src="${script}" defer></script>`)}`,
)}<body data-live>
<a class="skip" href="#content">Skip to the content</a>
<header><a class="brand" href="/">Retune</a>
<nav aria-label="Kinds"><a href="/#slas">SLAs</a> <a href="/#searches">Searches</a> <a href="/#hardware">Hardware</a></nav>
<span id="status" role="status">connecting</span></header>
<main id="content" tabindex="-1">${main}</main>
<noscript><p class="noscript">Without JavaScript there are tables and no drawings, and the page does not renew itself.</p></noscript>
${signIn}
</body></html>`;

/** The same in one file, with everything in it and nothing from anywhere else. */
export const standalone = (page: {
  title: string;
  main: Html;
  style: string;
  scripts: readonly string[];
  /** What of it may run: a Content-Security-Policy with the hashes of its scripts. */
  policy: string;
}) => html`${head(
  page.title,
  html`<meta http-equiv="Content-Security-Policy" content="${page.policy}"><style>${raw(page.style)}</style>`,
)}<body>
<main id="content">${page.main}</main>
${page.scripts.map((script) => html`<script>${raw(script)}</script>`)}
</body></html>`;
