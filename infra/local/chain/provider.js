// One provider's view of the chain: how far it lags behind, and which faults a test has ordered from it.
'use strict';

const { WireError } = require('./wire');

// Each fault with the whole number it needs: by how many blocks or units to lie, or which network to pretend.
const FAULTS = {
  rate_limit: undefined,
  server_error: undefined,
  hang: undefined,
  drop_message: undefined,
  wrong_head: 'blocks',
  wrong_state: 'blocks',
  wrong_result: 'by',
  wrong_network: 'network_id',
};

/**
 * The same chain may be asked through several providers, each with its own lags and faults.
 *
 * `headLagBlocks` makes the whole provider stale. `unpinnedLagBlocks` makes only reads without a
 * seqno stale: a balancer in front of liteservers hands those to any of them.
 */
class Provider {
  #chain;
  #faults = [];
  headLagBlocks = 0;
  unpinnedLagBlocks = 0;

  constructor(chain) {
    this.#chain = chain;
  }

  get headSeqno() {
    return Math.max(this.#chain.oldestSeqno, this.#chain.head.seqno - this.headLagBlocks);
  }

  /** The masterchain block a read is about; without a seqno, whatever block this provider is at. */
  blockFor(seqno) {
    const wanted = seqno ?? Math.max(this.#chain.oldestSeqno, this.headSeqno - this.unpinnedLagBlocks);
    if (wanted > this.headSeqno) throw new WireError(500, `LITE_SERVER_NOTREADY: block ${wanted} is not applied`);
    const block = this.#chain.block(wanted);
    if (block === undefined) throw new WireError(500, `LITE_SERVER_UNKNOWN: block ${wanted} is not in db`);
    return block;
  }

  /** Make the next `count` requests fail as `kind` says, all of them or only those of one `method`. */
  order({ kind, count, method, ...details }) {
    if (!Object.hasOwn(FAULTS, kind)) throw new WireError(422, `a fault is one of ${Object.keys(FAULTS).join(', ')}`);
    if (!Number.isInteger(count) || count < 1) throw new WireError(422, 'count must be a whole number, at least 1');
    const detail = FAULTS[kind];
    if (detail && !Number.isInteger(details[detail])) throw new WireError(422, `${kind} needs a whole ${detail}`);
    this.#faults.push({ kind, method, left: count, ...details });
  }

  /** The ordered fault of this kind that strikes this request, used up by one; undefined when there is none. */
  takeFault(kind, method) {
    const fault = this.#faults.find(
      (ordered) => ordered.kind === kind && (ordered.method === undefined || ordered.method === method),
    );
    if (fault === undefined) return undefined;
    fault.left -= 1;
    if (fault.left === 0) this.#faults.splice(this.#faults.indexOf(fault), 1);
    return fault;
  }

  clearFaults() {
    this.#faults = [];
  }
}

module.exports = { Provider };
