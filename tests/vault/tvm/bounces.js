// A transfer that comes back: what it undoes, and that nobody can pretend one.
"use strict";
const assert = require("node:assert/strict");
const {
  CLAIM_VALUE, DAY_S, EXIT, World, beginCell, claimBody, defaultConfig, internal, phase, setGlobalVersion, toNano, Cell,
} = require("./world.js");

const MIDNIGHT_S = 1_800_057_600;

/** The body the network makes of a returned transfer: new_bounce_body of TVM version 12. */
function richBounce(to, amount, seqno, createdAt) {
  const original = beginCell().storeUint(0x0f8a7ea5, 32).storeUint(seqno, 64).storeCoins(amount)
    .storeAddress(to).storeAddress(to).storeBit(false).storeCoins(0).storeBit(false).endCell();
  const info = beginCell().storeCoins(toNano("0.05")).storeBit(false).storeUint(1, 64).storeUint(createdAt, 32).endCell();
  return beginCell().storeUint(0xfffffffe, 32).storeRef(original).storeRef(info)
    .storeUint(0, 8).storeInt(706, 32).storeBit(false).endCell();
}

async function sendBounce(world, from, body) {
  const message = internal({ from, to: world.vault, value: toNano("0.05"), body, bounce: false, bounced: true });
  const { transactions } = await world.bc.sendMessage(message);
  return phase(transactions[0]);
}

async function next(steps) {
  const { value, done } = await steps.next();
  assert.equal(done, false);
  return phase(value);
}

async function finish(steps) {
  const rest = [];
  for await (const tx of { [Symbol.asyncIterator]: () => steps }) rest.push(phase(tx));
  return rest;
}

module.exports = {
  "a transfer that came back restores the seqno, the entry and the day's total": async () => {
    const world = await World.create({ inventory: 100n });
    assert.equal((await world.claim(world.alice, 500, 1)).exit, 0);
    let state = await world.state();
    assert.deepEqual([await world.lastSeqno(world.alice), state.recipients, state.daySpent], [0n, 0, 0n]);
    assert.equal((await world.claim(world.alice, 60, 1)).exit, 0);
    assert.equal((await world.claim(world.alice, 500, 2)).exit, 0);
    state = await world.state();
    assert.deepEqual([await world.lastSeqno(world.alice), state.recipients, state.daySpent], [1n, 1, 60n]);
    assert.equal(await world.jettonsOf(world.alice.address), 60n);
  },

  "the same signed claim pays after its transfer came back": async () => {
    const world = await World.create({ inventory: 100n });
    const claim = world.claimOf(world.alice, 500, 1);
    const body = claimBody(claim, world.signed(claim));
    await world.send(world.alice, body, { value: CLAIM_VALUE });
    assert.equal(await world.jettonsOf(world.alice.address), 0n);
    await world.mint(world.vault, 900n);
    await world.send(world.alice, body, { value: CLAIM_VALUE });
    assert.equal(await world.jettonsOf(world.alice.address), 500n);
    assert.equal((await world.send(world.alice, body, { value: CLAIM_VALUE })).exit, EXIT.SEQNO);
  },

  "a transfer that came back costs the vault no coin and returns the player's": async (facts) => {
    const world = await World.create({ inventory: 0n });
    await world.mint(world.vault, 1n); // deploys the wallet, so that it is the wallet that refuses
    for (const value of ["0.08", "0.1", "2"]) {
      const vault = await world.balance();
      const player = await world.balance(world.alice.address);
      await world.claim(world.alice, 10, 1, { value: toNano(value) });
      assert.equal((await world.balance()) - vault, toNano("0.002"));
      facts.cost = player - (await world.balance(world.alice.address));
      assert.ok(facts.cost < toNano("0.02"), `it cost ${facts.cost}`);
    }
  },

  "a transfer to a wallet that does not exist yet comes back too": async () => {
    const world = await World.create({ inventory: 0n });
    assert.equal((await world.claim(world.alice, 10, 1)).exit, 0);
    assert.equal(await world.lastSeqno(world.alice), 0n);
    assert.equal((await world.state()).daySpent, 0n);
  },

  "a pause does not keep a transfer from coming back": async () => {
    const world = await World.create({ inventory: 1n });
    const steps = await world.claimInSteps(world.alice, 10, 1);
    assert.equal((await next(steps)).exit, 0);
    await world.send(world.owner, beginCell().storeUint(0x10000001, 32).storeBit(true).endCell());
    await finish(steps);
    assert.equal(await world.lastSeqno(world.alice), 0n);
  },

  "a bounce from anybody but the vault's jetton wallet changes nothing": async () => {
    const world = await World.create();
    await world.claim(world.alice, 10, 1);
    const before = await world.dataHash();
    const forged = richBounce(world.alice.address, 10n, 1n, world.bc.now);
    const aliceWallet = await world.walletOf(world.alice.address);
    for (const from of [world.stranger.address, world.alice.address, world.owner.address, world.master, aliceWallet]) {
      assert.equal((await sendBounce(world, from, forged)).exit, EXIT.FOREIGN_BOUNCE);
    }
    assert.equal(await world.dataHash(), before);
    assert.equal((await world.claim(world.alice, 10, 1)).exit, EXIT.SEQNO);
  },

  "a bounce is no bounce without the network's word for it": async () => {
    const world = await World.create();
    await world.claim(world.alice, 10, 1);
    const before = await world.dataHash();
    const message = internal({
      from: world.vaultWallet, to: world.vault, value: toNano("0.05"), bounce: false,
      body: richBounce(world.alice.address, 10n, 1n, world.bc.now),
    });
    const { transactions } = await world.bc.sendMessage(message);
    assert.equal(phase(transactions[0]).exit, EXIT.UNKNOWN_MESSAGE);
    assert.equal(await world.dataHash(), before);
  },

  "before a jetton wallet is set no bounce is believed": async () => {
    const world = await World.create({ setup: { wallet: null }, inventory: 0n });
    const before = await world.dataHash();
    const forged = richBounce(world.alice.address, 10n, 1n, world.bc.now);
    assert.equal((await sendBounce(world, world.vaultWallet, forged)).exit, EXIT.FOREIGN_BOUNCE);
    assert.equal(await world.dataHash(), before);
  },

  "a bounce that cannot be read changes nothing": async () => {
    const world = await World.create();
    await world.claim(world.alice, 10, 1);
    const before = await world.dataHash();
    const good = richBounce(world.alice.address, 10n, 1n, world.bc.now);
    const oldForm = beginCell().storeUint(0xffffffff, 32).storeUint(0x0f8a7ea5, 32).storeUint(1, 64).storeCoins(10).endCell();
    const otherMessage = beginCell().storeUint(0xfffffffe, 32).storeRef(beginCell().storeUint(0x595f07bc, 32).endCell())
      .storeRef(good.refs[1]).storeUint(0, 8).storeInt(706, 32).storeBit(false).endCell();
    const bodies = [
      new Cell(), oldForm, otherMessage,
      beginCell().storeSlice(good.beginParse()).storeBit(0).endCell(),
      beginCell().storeSlice(good.beginParse()).storeRef(new Cell()).endCell(),
    ];
    for (const body of bodies) assert.notEqual((await sendBounce(world, world.vaultWallet, body)).exit, 0);
    assert.equal(await world.dataHash(), before);
  },

  "on a network too old for rich bounces nothing pays and nothing is burnt": async () => {
    const config = setGlobalVersion(Cell.fromBase64(defaultConfig), 11);
    const world = await World.create({ config });
    const before = await world.dataHash();
    const { aborted } = await world.claim(world.alice, 10, 1);
    assert.equal(aborted, true);
    assert.equal(await world.dataHash(), before);
  },

  "a bounce after midnight does not widen the new day's cap": async () => {
    const world = await World.create({ now: MIDNIGHT_S - 10, inventory: 600n, setup: { perDayCap: 1_000n } });
    const steps = await world.claimInSteps(world.alice, 700, 1);
    assert.equal((await next(steps)).exit, 0);
    world.bc.now = MIDNIGHT_S;
    assert.equal((await world.claim(world.bob, 600, 1)).exit, 0);
    await finish(steps);
    const state = await world.state();
    assert.deepEqual([state.day, state.daySpent], [MIDNIGHT_S / DAY_S, 600n]);
    assert.equal(await world.lastSeqno(world.alice), 0n);
  },

  "a bounce after midnight leaves the day that no claim has opened yet alone": async () => {
    const world = await World.create({ now: MIDNIGHT_S - 10, inventory: 600n, setup: { perDayCap: 1_000n } });
    const steps = await world.claimInSteps(world.alice, 700, 1);
    await next(steps);
    world.bc.now = MIDNIGHT_S;
    await finish(steps);
    const state = await world.state();
    assert.deepEqual([state.day, state.daySpent], [MIDNIGHT_S / DAY_S - 1, 0n]);
    assert.equal((await world.claim(world.bob, 600, 1)).exit, 0);
    assert.equal((await world.state()).daySpent, 600n);
  },

  "a bounce of claim n after n+1 executed leaves the seqno and gives the day its amount back": async () => {
    const world = await World.create({ inventory: 600n });
    const steps = await world.claimInSteps(world.alice, 700, 1);
    assert.equal((await next(steps)).exit, 0);
    assert.equal((await world.claim(world.alice, 50, 2)).exit, 0);
    assert.equal((await world.state()).daySpent, 750n);
    const rest = await finish(steps);
    assert.equal(rest[1].exit, 0);
    assert.equal(await world.lastSeqno(world.alice), 2n);
    const state = await world.state();
    assert.deepEqual([state.recipients, state.daySpent], [1, 50n]);
    assert.equal(await world.jettonsOf(world.alice.address), 50n);
    assert.equal((await world.claim(world.alice, 700, 1)).exit, EXIT.SEQNO);
  },

  "between two bounces of one wallet each undoes only its own claim": async () => {
    const world = await World.create({ inventory: 100n });
    await world.claim(world.bob, 100, 1);
    const first = await world.claimInSteps(world.alice, 300, 1);
    const other = await world.claimInSteps(world.bob, 400, 2);
    await next(first);
    await next(other);
    await finish(first);
    assert.deepEqual([await world.lastSeqno(world.alice), await world.lastSeqno(world.bob)], [0n, 2n]);
    assert.equal((await world.state()).daySpent, 500n);
    await finish(other);
    assert.deepEqual([await world.lastSeqno(world.alice), await world.lastSeqno(world.bob)], [0n, 1n]);
    assert.equal((await world.state()).daySpent, 100n);
  },
};
