// What only the local stack and its tests may do to the chain: give out TON, deploy, lag, stall and break it.
'use strict';

const { contractAddress, loadStateInit } = require('@ton/core');
const { WireError, readAddress, readCell, readWhole } = require('./wire');

/** The TON amount of a command, in nanotons, as decimal text. */
function nanoOf(text) {
  if (!/^\d{1,30}$/.test(String(text))) throw new WireError(422, 'nano must be decimal digits');
  return BigInt(text);
}

function providerOf(world, name = 'primary') {
  const provider = Object.hasOwn(world.providers, name) ? world.providers[name] : undefined;
  if (provider === undefined) throw new WireError(422, `a provider is one of ${Object.keys(world.providers).join(', ')}`);
  return provider;
}

function requireProducing(chain) {
  if (chain.isStalled) throw new WireError(409, 'the chain is stalled');
}

function state({ chain }) {
  return {
    owner: chain.owner.toRawString(),
    network_id: chain.networkId,
    seqno: chain.head.seqno,
    master_time_s: chain.head.timeS,
    shard_time_s: chain.head.shard.timeS,
    pending: chain.pendingCount,
  };
}

function summary(transaction) {
  const { computePhase: compute, actionPhase: action, aborted } = transaction.description;
  return {
    address: transaction.inMessage.info.dest.toRawString(),
    exit_code: compute?.type === 'vm' ? compute.exitCode : null,
    action_code: action ? action.resultCode : null,
    aborted: aborted === true,
    gas_used: compute?.type === 'vm' ? Number(compute.gasUsed) : 0,
    total_fees_nano: transaction.totalFees.coins.toString(),
    in_nano: (transaction.inMessage.info.value?.coins ?? 0n).toString(),
  };
}

const transactions = ({ chain }) => ({ transactions: chain.lastTransactions.map(summary) });

const commands = {
  state,

  async fund(world, { address, nano }) {
    requireProducing(world.chain);
    await world.chain.ownerSend({ to: readAddress(address), nano: nanoOf(nano), isBounceable: false });
    return transactions(world);
  },

  async deploy(world, { state_init: stateInit, nano, body }) {
    requireProducing(world.chain);
    const init = loadStateInit(readCell(stateInit, 'state_init').beginParse());
    const to = contractAddress(0, init);
    const content = body === undefined ? undefined : readCell(body, 'body');
    await world.chain.ownerSend({ to, init, nano: nanoOf(nano), body: content, isBounceable: false });
    return { address: to.toRawString(), ...transactions(world) };
  },

  async owner_send(world, { to, nano, body, bounce }) {
    requireProducing(world.chain);
    const content = body === undefined ? undefined : readCell(body, 'body');
    await world.chain.ownerSend({ to: readAddress(to), nano: nanoOf(nano), body: content, isBounceable: bounce !== false });
    return transactions(world);
  },

  last_txs: transactions,

  /** shard_s: how long the shard's time is behind the clock. head_blocks, unpinned_blocks: see Provider. */
  lag(world, { provider, shard_s: shardS, head_blocks: headBlocks, unpinned_blocks: unpinnedBlocks }) {
    const view = providerOf(world, provider);
    world.chain.shardLagS = readWhole(shardS, 'shard_s') ?? world.chain.shardLagS;
    view.headLagBlocks = readWhole(headBlocks, 'head_blocks') ?? view.headLagBlocks;
    view.unpinnedLagBlocks = readWhole(unpinnedBlocks, 'unpinned_blocks') ?? view.unpinnedLagBlocks;
    world.chain.advance();
    return state(world);
  },

  /** Blocks stop, or go on and then run what was held. */
  async stall(world, { stalled }) {
    world.chain.isStalled = stalled !== false;
    if (!world.chain.isStalled && !world.chain.isDelayed) await world.chain.flush(Infinity);
    return state(world);
  },

  /** External messages are held until flushed, or run at once again after running what was held. */
  async delay(world, { delayed }) {
    world.chain.isDelayed = delayed !== false;
    if (!world.chain.isStalled && !world.chain.isDelayed) await world.chain.flush(Infinity);
    return state(world);
  },

  /** Run held messages: all of them, or only the next `transactions` transactions of their traces. */
  async flush(world, { transactions: limit }) {
    requireProducing(world.chain);
    await world.chain.flush(readWhole(limit, 'transactions') ?? Infinity);
    return { ...transactions(world), ...state(world) };
  },

  fault(world, { provider, ...order }) {
    providerOf(world, provider).order(order);
    return {};
  },

  clear_faults(world) {
    Object.values(world.providers).forEach((provider) => provider.clearFaults());
    return {};
  },

  async break_contract({ chain }, { address }) {
    await chain.breakContract(readAddress(address));
    return {};
  },

  async mend_contract({ chain }, { address }) {
    await chain.mendContract(readAddress(address));
    return {};
  },
};

module.exports = { commands };
