// What a claim does, and every reason for which it does nothing.
"use strict";
const assert = require("node:assert/strict");
const {
  CLAIM_VALUE, DAY_S, EXIT, World, beginCell, claimBody, claimFields, key, op, toNano,
} = require("./world.js");

const flipBit = (bytes, index) => {
  const copy = Buffer.from(bytes);
  copy[index >> 3] ^= 0x80 >> (index & 7);
  return copy;
};

/** Sends `body` from alice and requires a refusal that leaves no trace. */
async function refuses(world, exit, body, { from = world.alice, value = CLAIM_VALUE } = {}) {
  const before = await world.dataHash();
  const result = await world.send(from, body, { value });
  assert.equal(result.exit, exit);
  assert.equal(result.aborted, true);
  assert.equal(await world.dataHash(), before);
}

async function refusesClaim(world, exit, claim, { pair = world.oracle, ...rest } = {}) {
  await refuses(world, exit, claimBody(claim, world.signed(claim, pair)), rest);
}

module.exports = {
  "the jettons that left are the sum of the claims that executed": async () => {
    const world = await World.create({ inventory: 1_000n });
    let paid = 0n;
    for (const [who, amount, seqno] of [["alice", 10, 1], ["bob", 20, 1], ["alice", 30, 2], ["alice", 5, 2], ["bob", 7, 3], ["bob", 40, 2]]) {
      const { exit } = await world.claim(world[who], amount, seqno);
      if (exit === 0) paid += BigInt(amount);
    }
    assert.equal(paid, 100n);
    assert.equal(await world.jettonsOf(world.alice.address), 40n);
    assert.equal(await world.jettonsOf(world.bob.address), 60n);
    assert.equal(await world.jettonsOf(world.vault), 900n);
  },

  "a claim executes once and its copy is refused": async () => {
    const world = await World.create();
    const claim = world.claimOf(world.alice, 10, 1);
    const body = claimBody(claim, world.signed(claim));
    assert.equal((await world.send(world.alice, body, { value: CLAIM_VALUE })).exit, 0);
    await refuses(world, EXIT.SEQNO, body);
    assert.equal(await world.jettonsOf(world.alice.address), 10n);
  },

  "a seqno that is not the last plus one is refused": async () => {
    const world = await World.create();
    for (const seqno of [0, 2, 2n ** 64n - 1n]) await refusesClaim(world, EXIT.SEQNO, world.claimOf(world.alice, 1, seqno));
    assert.equal((await world.claim(world.alice, 1, 1)).exit, 0);
    for (const seqno of [0, 1, 3]) await refusesClaim(world, EXIT.SEQNO, world.claimOf(world.alice, 1, seqno));
    assert.equal((await world.claim(world.bob, 1, 1)).exit, 0);
    assert.equal((await world.claim(world.alice, 1, 2)).exit, 0);
    assert.equal(await world.lastSeqno(world.alice), 2n);
    assert.equal(await world.lastSeqno(world.bob), 1n);
    assert.equal(await world.lastSeqno(world.stranger), 0n);
  },

  "a claim with any field changed after signing changes nothing": async () => {
    const world = await World.create();
    const signedAs = (changes) => world.signed({ ...world.claimOf(world.alice, 10, 1), ...changes });
    const claim = world.claimOf(world.alice, 10, 1);
    const changes = [
      { vault: world.master }, { master: world.vault }, { to: world.bob.address }, { amount: 11n }, { amount: 9n },
      { seqno: 2n }, { validUntil: claim.validUntil + 1 }, { validUntil: claim.validUntil - 1 },
    ];
    for (const change of changes) await refuses(world, EXIT.SIGNATURE, claimBody(claim, signedAs(change)));
  },

  "a signature with one bit changed, or by another key, changes nothing": async () => {
    const world = await World.create();
    const claim = world.claimOf(world.alice, 10, 1);
    for (const bit of [0, 7, 255, 256, 300, 504]) {
      await refuses(world, EXIT.SIGNATURE, claimBody(claim, flipBit(world.signed(claim), bit)));
    }
    await refusesClaim(world, EXIT.SIGNATURE, claim, { pair: key(2) });
    await refuses(world, EXIT.SIGNATURE, claimBody(claim, Buffer.alloc(64)));
  },

  "before the first rotation no second key is accepted, not even the empty one": async () => {
    const world = await World.create();
    const identity = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]); // signs everything under a weak key
    for (let amount = 1; amount <= 8; amount += 1) {
      await refuses(world, EXIT.SIGNATURE, claimBody(world.claimOf(world.alice, amount, 1), identity));
      await refuses(world, EXIT.SIGNATURE, claimBody(world.claimOf(world.alice, amount, 1), Buffer.alloc(64)));
    }
  },

  "a claim is paid in the second of validUntil and not one later": async () => {
    const world = await World.create();
    const late = world.claimOf(world.alice, 10, 1, { validUntil: world.bc.now - 1 });
    await refusesClaim(world, EXIT.EXPIRED, late);
    const last = await world.claim(world.alice, 10, 1, { overrides: { validUntil: world.bc.now } });
    assert.equal(last.exit, 0);
  },

  "a claim valid for more than an hour ahead is refused": async () => {
    const world = await World.create();
    const claim = world.claimOf(world.alice, 10, 1, { validUntil: world.bc.now + 3601 });
    await refusesClaim(world, EXIT.VALID_TOO_LONG, claim);
    world.pass(1);
    assert.equal((await world.send(world.alice, claimBody(claim, world.signed(claim)), { value: CLAIM_VALUE })).exit, 0);
  },

  "only the recipient can send a claim": async () => {
    const world = await World.create();
    await refusesClaim(world, EXIT.SENDER, world.claimOf(world.alice, 10, 1), { from: world.stranger });
    await refusesClaim(world, EXIT.SENDER, world.claimOf(world.alice, 10, 1), { from: world.owner });
  },

  "a claim of nothing is refused": async () => {
    const world = await World.create();
    await refusesClaim(world, EXIT.AMOUNT, world.claimOf(world.alice, 0, 1));
  },

  "a recipient outside workchain 0 is refused": async () => {
    const world = await World.create();
    const master = await world.bc.treasury("alice in the masterchain", { workchain: -1 });
    // Enough for the dearer masterchain, so that only the rule can refuse.
    await refusesClaim(world, EXIT.WORKCHAIN, world.claimOf(master, 10, 1), { from: master, value: toNano("1") });
  },

  "a claim with too few coins attached is refused": async () => {
    const world = await World.create();
    await refusesClaim(world, EXIT.VALUE, world.claimOf(world.alice, 10, 1), { value: toNano("0.08") - 1n });
    assert.equal((await world.claim(world.alice, 10, 1, { value: toNano("0.08") })).exit, 0);
    assert.equal(await world.jettonsOf(world.alice.address), 10n);
  },

  "a claim never lowers the vault's coins, paid or refused": async () => {
    const world = await World.create();
    const cases = [["0.08", 1, 0], ["0.1", 2, 0], ["5", 3, 0], ["0.1", 3, EXIT.SEQNO], ["0.01", 4, EXIT.VALUE]];
    for (const [value, seqno, exit] of cases) {
      const before = await world.balance();
      assert.equal((await world.claim(world.alice, 10, seqno, { value: toNano(value) })).exit, exit);
      const gained = (await world.balance()) - before;
      assert.equal(gained, exit === 0 ? toNano("0.002") : 0n);
    }
  },

  "what a claim does not need goes back to the player": async (facts) => {
    const world = await World.create();
    const before = await world.balance(world.alice.address);
    await world.claim(world.alice, 10, 1, { value: toNano("3") });
    facts.cost = before - (await world.balance(world.alice.address));
    assert.ok(facts.cost < toNano("0.045"), `a claim costs ${facts.cost}`);
  },

  "a claim above the cap of one claim is refused": async () => {
    const world = await World.create();
    await refusesClaim(world, EXIT.CLAIM_CAP, world.claimOf(world.alice, 1_001, 1));
    assert.equal((await world.claim(world.alice, 1_000, 1)).exit, 0);
  },

  "claims of one day stop at the day's cap": async () => {
    const world = await World.create();
    for (const seqno of [1, 2]) assert.equal((await world.claim(world.alice, 1_000, seqno)).exit, 0);
    assert.equal((await world.claim(world.bob, 900, 1)).exit, 0);
    await refusesClaim(world, EXIT.DAY_CAP, world.claimOf(world.alice, 101, 3));
    assert.equal((await world.claim(world.alice, 100, 3)).exit, 0);
    assert.equal((await world.state()).daySpent, 3_000n);
    await refusesClaim(world, EXIT.DAY_CAP, world.claimOf(world.bob, 1, 2), { from: world.bob });
  },

  "the day's total starts anew at midnight UTC and not a second before": async () => {
    const midnight = 1_800_057_600;
    assert.equal(midnight % DAY_S, 0);
    const world = await World.create({ now: midnight - 2, setup: { perDayCap: 1_000n } });
    assert.equal((await world.claim(world.alice, 1_000, 1)).exit, 0);
    world.pass(1);
    await refusesClaim(world, EXIT.DAY_CAP, world.claimOf(world.bob, 1, 1), { from: world.bob });
    world.pass(1);
    assert.equal((await world.claim(world.bob, 1, 1)).exit, 0);
    const state = await world.state();
    assert.deepEqual([state.day, state.daySpent], [midnight / DAY_S, 1n]);
  },

  "a paused vault pays nothing until it is resumed": async () => {
    const world = await World.create({ setup: { paused: true } });
    const claim = world.claimOf(world.alice, 10, 1);
    await refusesClaim(world, EXIT.PAUSED, claim);
    await world.send(world.owner, op("SetPaused").storeBit(false).endCell());
    assert.equal((await world.claim(world.alice, 10, 1)).exit, 0);
  },

  "a vault made for another network pays nothing": async () => {
    for (const networkId of [-3, 239, 0]) {
      const world = await World.create({ setup: { networkId } });
      await refusesClaim(world, EXIT.NETWORK, world.claimOf(world.alice, 10, 1));
    }
  },

  "a vault without its jetton wallet pays nothing": async () => {
    const world = await World.create({ setup: { wallet: null }, inventory: 0n });
    await refusesClaim(world, EXIT.NO_WALLET, world.claimOf(world.alice, 10, 1));
  },

  "a signature inline and one in a reference do the same": async () => {
    const outcomes = [];
    for (const inline of [false, true]) {
      const world = await World.create();
      assert.equal((await world.claim(world.alice, 10, 1, { inline })).exit, 0);
      outcomes.push([await world.dataHash(), await world.jettonsOf(world.alice.address)]);
    }
    assert.deepEqual(outcomes[0], outcomes[1]);
  },

  "a claim with one bit or one reference too many or too few changes nothing": async () => {
    const world = await World.create();
    const claim = world.claimOf(world.alice, 10, 1);
    const signature = world.signed(claim);
    const inRef = () => beginCell().storeBuffer(signature);
    const empty = beginCell().endCell();
    const bodies = [
      claimFields(claim).storeRef(inRef().endCell()).storeBit(0),
      claimFields(claim).storeRef(inRef().endCell()).storeRef(empty),
      claimFields(claim).storeRef(inRef().storeBit(0).endCell()),
      claimFields(claim).storeRef(inRef().storeRef(empty).endCell()),
      claimFields(claim).storeRef(beginCell().storeBuffer(signature.subarray(0, 63)).endCell()),
      claimFields(claim).storeBuffer(signature).storeBit(0),
      claimFields(claim).storeBuffer(signature).storeRef(empty),
      claimFields(claim).storeBuffer(signature).storeRef(inRef().endCell()),
      claimFields(claim).storeBuffer(signature.subarray(0, 63)),
      claimFields(claim),
    ];
    for (const body of bodies) await refuses(world, 9, body.endCell());
  },

  "a recipient that is no standard address changes nothing": async () => {
    const world = await World.create();
    const rest = (builder) => builder.storeCoins(10).storeUint(1, 64).storeUint(world.bc.now + 600, 32)
      .storeRef(beginCell().storeBuffer(Buffer.alloc(64)).endCell()).endCell();
    const hash = world.alice.address.hash;
    const written = [
      op("RewardClaim").storeUint(0, 2), // addr_none
      op("RewardClaim").storeUint(1, 2).storeUint(8, 9).storeUint(1, 8), // addr_extern
      op("RewardClaim").storeUint(0b101, 3).storeUint(1, 5).storeUint(0, 1).storeInt(0, 8).storeBuffer(hash), // anycast
      op("RewardClaim").storeUint(0b110, 3).storeUint(256, 9).storeInt(0, 32).storeBuffer(hash), // addr_var
    ];
    for (const builder of written) {
      const before = await world.dataHash();
      const result = await world.send(world.alice, rest(builder), { value: CLAIM_VALUE });
      assert.notEqual(result.exit, 0);
      assert.equal(await world.dataHash(), before);
    }
  },

  "an amount in more bytes than it needs is read as the same amount and signed as the shortest": async () => {
    const world = await World.create();
    const claim = world.claimOf(world.alice, 10, 1);
    const body = op("RewardClaim").storeAddress(claim.to).storeUint(2, 4).storeUint(10, 16)
      .storeUint(1, 64).storeUint(claim.validUntil, 32)
      .storeRef(beginCell().storeBuffer(world.signed(claim)).endCell()).endCell();
    const result = await world.send(world.alice, body, { value: CLAIM_VALUE });
    assert.equal(result.exit, 0);
    assert.equal(await world.jettonsOf(world.alice.address), 10n);
    assert.equal((await world.claim(world.alice, 10, 1)).exit, EXIT.SEQNO);
  },
};
