// The methods of toncenter's HTTP API v2 that a wallet backend uses, answered from the local chain.
'use strict';

const { Cell, beginCell, loadMessage, loadTransaction, storeMessage } = require('@ton/core');
const { EmulationError } = require('@ton/sandbox');
const wire = require('./wire');

const { BASECHAIN, MASTERCHAIN, WireError, base64, blockHash, blockId, transactionId } = wire;
const MAX_TRANSACTIONS = 100;
const NOT_ACTIVE = -13;

/** The block of the state a read shows; a provider told to lie shows an older state under the same name. */
function stateBlock({ chain, provider }, block, method) {
  const lie = provider.takeFault('wrong_state', method);
  return lie ? chain.block(Math.max(chain.oldestSeqno, block.seqno - lie.blocks)) : block;
}

const methods = {
  getMasterchainInfo({ provider }) {
    const lie = provider.takeFault('wrong_head', 'getMasterchainInfo');
    const seqno = provider.headSeqno + (lie ? lie.blocks : 0);
    const last = blockId(MASTERCHAIN, seqno);
    return { '@type': 'blocks.masterchainInfo', last, state_root_hash: blockHash(`state ${seqno}`), init: blockId(MASTERCHAIN, 0) };
  },

  getBlockHeader({ chain, provider }, { workchain, seqno }) {
    const lie = provider.takeFault('wrong_network', 'getBlockHeader');
    const [wc, number] = [wire.readWhole(workchain, 'workchain'), wire.readWhole(seqno, 'seqno')];
    if (wc === undefined || number === undefined) throw new WireError(422, 'workchain and seqno are required');
    const timeS = wc === MASTERCHAIN ? provider.blockFor(number).timeS : shardTimeS(chain, provider, number);
    return {
      '@type': 'blocks.header',
      id: blockId(wc, number),
      global_id: lie ? lie.network_id : chain.networkId,
      version: 0,
      is_key_block: false,
      gen_utime: timeS,
      start_lt: '0',
      end_lt: '1',
      prev_blocks: [blockId(wc, number - 1)],
    };
  },

  getShards({ provider }, { seqno }) {
    const block = provider.blockFor(wire.readWhole(seqno, 'seqno'));
    return { '@type': 'blocks.shards', shards: [blockId(BASECHAIN, block.shard.seqno)] };
  },

  /** A server's own wall clock is in this answer: nothing may be settled on it. */
  getConsensusBlock({ chain, provider }) {
    return { consensus_block: provider.headSeqno, timestamp: chain.nowS() };
  },

  getAddressInformation(view, { address, seqno }) {
    const block = view.provider.blockFor(wire.readWhole(seqno, 'seqno'));
    const shown = stateBlock(view, block, 'getAddressInformation');
    const contract = view.chain.accounts.at(wire.readAddress(address), shown.shard.seqno);
    const state = contract.accountState;
    const active = state?.type === 'active' ? state.state : {};
    return {
      '@type': 'raw.fullAccountState',
      balance: contract.balance.toString(),
      extra_currencies: [],
      code: active.code ? base64(active.code) : '',
      data: active.data ? base64(active.data) : '',
      last_transaction_id: transactionId(contract.lastTransactionLt, contract.lastTransactionHash),
      block_id: blockId(MASTERCHAIN, block.seqno),
      frozen_hash: state?.type === 'frozen' ? state.stateHash.toString(16) : '',
      sync_utime: block.shard.timeS,
      state: { active: 'active', frozen: 'frozen' }[state?.type] ?? 'uninitialized',
    };
  },

  async runGetMethod(view, { address, method, stack, seqno }) {
    const block = view.provider.blockFor(wire.readWhole(seqno, 'seqno'));
    const shown = stateBlock(view, block, 'runGetMethod');
    const contract = view.chain.accounts.at(wire.readAddress(address), shown.shard.seqno);
    const result = await callGetter(contract, method, (stack ?? []).map(wire.readStackEntry), shown.shard.timeS);
    const lie = view.provider.takeFault('wrong_result', method);
    if (lie) result.stack[0] = ['num', `0x${(BigInt(result.stack[0][1]) + BigInt(lie.by)).toString(16)}`];
    return {
      '@type': 'smc.runResult',
      ...result,
      block_id: blockId(MASTERCHAIN, block.seqno),
      last_transaction_id: transactionId(contract.lastTransactionLt, contract.lastTransactionHash),
    };
  },

  /** Newest first, from `lt` down to but without `to_lt`, as far as this provider's head has seen. */
  getTransactions({ chain, provider }, { address, limit, lt, to_lt: toLt }) {
    const count = wire.readWhole(limit, 'limit') ?? 10;
    if (count < 1 || count > MAX_TRANSACTIONS) throw new WireError(422, `limit must be 1 to ${MAX_TRANSACTIONS}`);
    const newest = lt ? wire.readBigInt(lt) : undefined;
    const oldest = wire.readBigInt(toLt || 0);
    return chain
      .transactionsOf(wire.readAddress(address))
      .filter((entry) => entry.seqno <= provider.headSeqno && entry.lt > oldest)
      .filter((entry) => newest === undefined || entry.lt <= newest)
      .slice(0, count)
      .map(writeTransaction);
  },

  async sendBoc(view, { boc }) {
    await send(view, boc, 'sendBoc');
    return { '@type': 'ok' };
  },

  async sendBocReturnHash(view, { boc }) {
    const message = await send(view, boc, 'sendBocReturnHash');
    return {
      '@type': 'raw.extMessageInfo',
      hash: Cell.fromBase64(boc).hash().toString('base64'),
      hash_norm: normalisedHash(message).toString('base64'),
    };
  },
};

function shardTimeS(chain, provider, shardSeqno) {
  for (let seqno = provider.headSeqno; seqno >= chain.oldestSeqno; seqno -= 1) {
    const { shard } = chain.block(seqno);
    if (shard.seqno === shardSeqno) return shard.timeS;
  }
  throw new WireError(500, `LITE_SERVER_UNKNOWN: block ${shardSeqno} is not in db`);
}

async function callGetter(contract, method, stack, timeS) {
  if (contract.accountState?.type !== 'active') return { gas_used: 0, stack: [], exit_code: NOT_ACTIVE };
  try {
    const result = await contract.get(method, stack, { now: timeS });
    return { gas_used: Number(result.gasUsed), stack: result.stack.map(wire.writeStackEntry), exit_code: result.exitCode };
  } catch (error) {
    if (error.exitCode === undefined) throw new WireError(500, String(error.message));
    return { gas_used: Number(error.gasUsed), stack: [], exit_code: error.exitCode };
  }
}

async function send({ chain, provider }, boc, method) {
  let message;
  try {
    message = loadMessage(Cell.fromBase64(boc).beginParse());
  } catch {
    throw new WireError(422, 'Failed to parse boc');
  }
  if (message.info.type !== 'external-in') {
    throw new WireError(500, 'LITE_SERVER_UNKNOWN: cannot apply external message to current state');
  }
  if (provider.takeFault('drop_message', method)) return message;
  try {
    await chain.submit(message);
  } catch (error) {
    if (!(error instanceof EmulationError)) throw error;
    const reason = error.exitCode === undefined ? '' : ` (exit code ${error.exitCode})`;
    throw new WireError(
      500,
      `LITE_SERVER_UNKNOWN: cannot apply external message to current state : External message was not accepted${reason}`,
    );
  }
  return message;
}

/** TEP-467: the hash with source, import fee and state init left out and the body in a reference. */
function normalisedHash(message) {
  const info = { ...message.info, src: null, importFee: 0n };
  return beginCell()
    .store(storeMessage({ info, init: null, body: message.body }, { forceRef: true }))
    .endCell()
    .hash();
}

function writeTransaction({ address, boc }) {
  const raw = Cell.fromBoc(boc)[0];
  const transaction = loadTransaction(raw.beginParse());
  const storageNano = transaction.description.storagePhase?.storageFeesCollected ?? 0n;
  const totalNano = transaction.totalFees.coins;
  return {
    '@type': 'raw.transaction',
    address: { '@type': 'accountAddress', account_address: address.toString() },
    utime: transaction.now,
    data: base64(raw),
    transaction_id: transactionId(transaction.lt, BigInt(`0x${raw.hash().toString('hex')}`)),
    fee: totalNano.toString(),
    storage_fee: storageNano.toString(),
    other_fee: (totalNano - storageNano).toString(),
    in_msg: writeMessage(transaction.inMessage),
    out_msgs: transaction.outMessages.values().map(writeMessage),
  };
}

function writeMessage({ info, body }) {
  return {
    '@type': 'raw.message',
    source: info.src?.toString() ?? '',
    destination: info.dest?.toString() ?? '',
    value: (info.value?.coins ?? 0n).toString(),
    fwd_fee: (info.forwardFee ?? 0n).toString(),
    ihr_fee: (info.ihrFee ?? 0n).toString(),
    created_lt: (info.createdLt ?? 0n).toString(),
    body_hash: body.hash().toString('base64'),
    msg_data: { '@type': 'msg.dataRaw', body: base64(body), init_state: '' },
  };
}

module.exports = { methods };
