// A toncenter-compatible endpoint over a TON chain in memory: `node server.js --api-key KEY --clock FILE`.
//
// Every request needs the key. The world lives in memory: a restart of this server is a new world,
// with new accounts and new addresses to configure.
'use strict';

const http = require('node:http');
const { createHash, timingSafeEqual } = require('node:crypto');
const { parseArgs } = require('node:util');
const { Chain } = require('./chain');
const { fileClock } = require('./clock');
const { commands } = require('./control');
const { Provider } = require('./provider');
const { methods } = require('./toncenter_v2');
const { jettonTransfers } = require('./toncenter_v3');
const { WireError } = require('./wire');

const MAX_BODY_BYTES = 1 << 20;
const JSON_RPC = '/api/v2/jsonRPC';

/** Requests change or show one chain, so they run one after another. */
function oneAtATime() {
  let last = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new WireError(413, 'request body too large');
    chunks.push(chunk);
  }
  if (size === 0) return {};
  let body;
  try {
    body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new WireError(422, 'request body is not JSON');
  }
  if (typeof body !== 'object' || body === null) throw new WireError(422, 'request body is not a JSON object');
  return body;
}

/** {provider, method, params, id} of a call, or undefined when the path is not the API's. */
async function readCall(request, url) {
  const [, prefix, path] = /^(?:\/(secondary))?(\/api\/v[23]\/.+)$/.exec(url.pathname) ?? [];
  if (path === undefined) return undefined;
  const providerName = prefix ?? 'primary';
  const query = url.searchParams;
  const body = await readBody(request);
  if (path === JSON_RPC) return { providerName, method: body.method, params: body.params ?? {}, id: body.id, isRpc: true };
  const method = path.slice('/api/v2/'.length);
  return { providerName, method, params: { ...Object.fromEntries(query), ...body }, query, isIndex: path.startsWith('/api/v3/') };
}

/** Each provider of a real world has its own key; here either opens both. */
function isKeyRight(request, url, expected) {
  const given = request.headers['x-api-key'] ?? url.searchParams.get('api_key') ?? '';
  const digest = (text) => createHash('sha256').update(text).digest();
  return expected.some((key) => timingSafeEqual(digest(given), digest(key)));
}

/** Faults that strike before the chain is asked; true when the request has been dealt with. */
function struck(provider, method, reply) {
  if (provider.takeFault('hang', method)) return true; // never answered: the client's time limit must act
  if (provider.takeFault('rate_limit', method)) {
    reply(429, { ok: false, result: 'Ratelimit exceed', code: 429 });
    return true;
  }
  if (provider.takeFault('server_error', method)) {
    reply(500, { ok: false, error: 'LITE_SERVER_NETWORK: timeout', code: 500 });
    return true;
  }
  return false;
}

async function answerCall(world, call) {
  const view = { chain: world.chain, provider: world.providers[call.providerName] };
  world.chain.advance();
  if (call.isIndex) {
    if (call.method !== 'jetton/transfers') throw new WireError(404, 'Not Found');
    return jettonTransfers(view, call.query);
  }
  if (!Object.hasOwn(methods, call.method)) throw new WireError(422, 'Unknown method');
  return { ok: true, result: await methods[call.method](view, call.params), ...rpcFields(call) };
}

const rpcFields = (call) => (call.isRpc ? { jsonrpc: '2.0', id: call.id } : {});

async function answerCommand(world, request, name) {
  if (request.method !== 'POST' || !Object.hasOwn(commands, name)) throw new WireError(404, 'Not Found');
  const body = await readBody(request);
  return world.inTurn(() => {
    world.chain.advance();
    return commands[name](world, body);
  });
}

function handler(world, apiKeys) {
  return async (request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1');
    const reply = (status, document) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(document));
    };
    let call;
    try {
      if (!isKeyRight(request, url, apiKeys)) {
        reply(401, { ok: false, result: 'API key does not exist', code: 401 });
        return;
      }
      if (url.pathname.startsWith('/sandbox/')) {
        reply(200, await answerCommand(world, request, url.pathname.slice('/sandbox/'.length)));
        return;
      }
      call = await readCall(request, url);
      if (call === undefined) throw new WireError(404, 'Not Found');
      if (struck(world.providers[call.providerName], call.method, reply)) return;
      reply(200, await world.inTurn(() => answerCall(world, call)));
    } catch (error) {
      const status = error instanceof WireError ? error.status : 500;
      if (!(error instanceof WireError)) process.stderr.write(`${error.stack}\n`);
      reply(status, { ok: false, error: error.message, code: status, ...(call ? rpcFields(call) : {}) });
    }
  };
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      'api-key': { type: 'string', multiple: true },
      port: { type: 'string', default: '0' },
      clock: { type: 'string' },
      'network-id': { type: 'string', default: '-239' },
      'kept-blocks': { type: 'string', default: '1000' },
      'shard-lag-s': { type: 'string', default: '2' },
      'exit-with-parent': { type: 'boolean', default: false },
    },
  });
  const whole = (name) => {
    if (!/^-?\d+$/.test(values[name])) throw new Error(`--${name} must be a whole number`);
    return Number(values[name]);
  };
  if (!values['api-key']) throw new Error('--api-key is required');
  return {
    apiKeys: values['api-key'],
    clock: fileClock(values.clock),
    keptBlocks: whole('kept-blocks'),
    networkId: whole('network-id'),
    port: whole('port'),
    shardLagS: whole('shard-lag-s'),
    isBoundToParent: values['exit-with-parent'],
  };
}

function exitWithParent() {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && process.exit(0), 1000).unref();
}

async function main() {
  const { apiKeys, port, isBoundToParent, ...chainOptions } = readOptions();
  if (isBoundToParent) exitWithParent();
  const chain = await Chain.create(chainOptions);
  const providers = { primary: new Provider(chain), secondary: new Provider(chain) };
  const server = http.createServer(handler({ chain, providers, inTurn: oneAtATime() }, apiKeys));
  process.on('SIGTERM', () => process.exit(0));
  process.on('SIGINT', () => process.exit(0));
  server.listen(port, '127.0.0.1', () => {
    process.stdout.write(`ready chain http://127.0.0.1:${server.address().port}\n`);
  });
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(2);
});
