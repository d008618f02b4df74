// The sign-in page: one button for each account and no password. It is for a
// provider that listens on this machine alone.

import { accounts } from './config.mjs';

const page = (action) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Sign in</title>
<h1>Sign in as</h1>
<form method="post" action="${action}">
${accounts.map((name) => `<p><button name="login" value="${name}">${name}</button>`).join('\n')}
</form>
</html>
`;

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

// signIn answers /interaction/{uid}: GET shows the page, POST takes the account.
export function signIn(provider) {
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();

    await provider.interactionDetails(ctx.req, ctx.res);
    if (ctx.method !== 'POST') {
      ctx.type = 'html';
      ctx.body = page(ctx.path);
      return undefined;
    }

    const accountId = (await body(ctx.req)).get('login');
    if (!accounts.includes(accountId)) ctx.throw(400, 'no such account');
    ctx.respond = false;
    return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId } });
  };
}
