// Gas, fees, size, rent and deletion: where the vault's limits are and how far from them it stays.
"use strict";
const assert = require("node:assert/strict");
const {
  Address, CLAIM_VALUE, EXIT, World, beginCell, claimBody, order, seqnoMap, toNano, vaultData,
} = require("./world.js");

const IS_FULL = process.env.ARENA_TEST_FULL === "1";
const MAX_RECIPIENTS = 16_384;
const MAX_ACCOUNT_CELLS = 65_536;
const YEAR_S = 31_557_600;
const MAX_GAS = 11_500;
const MAX_FIRST_COST = toNano("0.045");
const MAX_LATER_COST = toNano("0.035");

/** `count` recipients spread as hashes are: their number decides how deep the map is. */
function manyRecipients(count, extra = []) {
  const entries = [];
  for (let index = 0; index < count - extra.length; index += 1) {
    const hash = beginCell().storeUint(index, 64).endCell().hash();
    entries.push([new Address(0, hash), 1n]);
  }
  return seqnoMap([...entries, ...extra]);
}

async function measureClaim(world, who, seqno) {
  const before = await world.balance(who.address);
  const { exit, gas } = await world.claim(who, 1, seqno);
  assert.equal(exit, 0);
  return { gas, cost: before - (await world.balance(who.address)) };
}

async function used(world) {
  const { cells, bits } = (await world.account()).account.account.storageStats.used;
  return { cells: Number(cells), bits: Number(bits) };
}

module.exports = {
  "a claim into an empty map takes at most 11,500 gas": async (facts) => {
    const world = await World.create();
    const price = async (name, who, seqno) => {
      facts[name] = await measureClaim(world, who, seqno);
      assert.ok(facts[name].gas <= MAX_GAS, `${name} took ${facts[name].gas} gas`);
    };
    await price("first", world.alice, 1);
    await price("later", world.alice, 2);
    assert.ok(facts.first.cost <= MAX_FIRST_COST);
    assert.ok(facts.later.cost <= MAX_LATER_COST);
  },

  "a claim signed with the key in grace takes at most 11,500 gas": async (facts) => {
    const world = await World.create();
    await world.send(world.owner, order.setOracle(12345678901234567890n, 3600));
    facts.grace = await measureClaim(world, world.alice, 1);
    assert.ok(facts.grace.gas <= MAX_GAS, `it took ${facts.grace.gas} gas`);
  },

  "a bounce leaves more coins than undoing the claim takes, with the least attached": async (facts) => {
    const world = await World.create({ inventory: 1n });
    const { transactions } = await world.claim(world.alice, 10, 1, { value: toNano("0.08") });
    const bounce = transactions.find((tx) => tx.inMessage.info.bounced);
    facts.arrived = bounce.inMessage.info.value.coins;
    facts.fees = bounce.totalFees.coins;
    facts.gas = Number(bounce.description.computePhase.gasUsed);
    assert.equal(bounce.description.aborted, false);
    assert.ok(facts.arrived > 4n * facts.fees, `${facts.arrived} arrived, ${facts.fees} were needed`);
  },

  "with many recipients a claim still fits the least value, far below the cell limit": async (facts) => {
    for (const count of IS_FULL ? [1_000, 10_000, MAX_RECIPIENTS - 2] : [1_000]) {
      const world = await World.create();
      await world.placeVault({ recipients: count, map: manyRecipients(count) }, toNano("20"));
      const measured = { first: await measureClaim(world, world.alice, 1), later: await measureClaim(world, world.alice, 2) };
      facts[count] = { ...measured, used: await used(world) };
      assert.ok(measured.first.gas <= 2 * MAX_GAS);
      assert.equal((await world.claim(world.bob, 1, 1, { value: toNano("0.08") })).exit, 0);
      assert.equal(await world.jettonsOf(world.bob.address), 1n);
      const cellsEach = (facts[count].used.cells - 64) / count;
      assert.ok(cellsEach <= 2 && 64 + MAX_RECIPIENTS * cellsEach < 0.6 * MAX_ACCOUNT_CELLS, `${cellsEach} cells each`);
    }
  },

  "at the limit a new recipient is refused and a known one is paid": async () => {
    const world = await World.create();
    const map = seqnoMap([[world.alice.address, 4n]]);
    await world.placeVault({ recipients: MAX_RECIPIENTS - 1, map });
    assert.equal((await world.claim(world.bob, 1, 1)).exit, 0);
    assert.equal((await world.claim(world.stranger, 1, 1)).exit, EXIT.FULL);
    assert.equal((await world.claim(world.alice, 1, 5)).exit, 0);
    assert.equal((await world.claim(world.bob, 1, 2)).exit, 0);
    assert.equal((await world.state()).recipients, MAX_RECIPIENTS);
  },

  "the size the reserve is reckoned with is never less than the true one": async (facts) => {
    const { readSource } = require("../../../infra/vault/compile.js");
    const constant = (name) => Number(readSource("limits").match(new RegExp(`const ${name} = (\\d+)`))[1]);
    for (const count of [0, 1, 1_000]) {
      const world = await World.create();
      await world.placeVault({ recipients: count, map: count ? manyRecipients(count) : null }, toNano("5"));
      await world.send(world.owner, order.setPaused(true)); // the size is reckoned anew when the data changes
      const real = await used(world);
      facts[count] = real;
      assert.ok(real.cells <= constant("BASE_CELLS") + count * constant("RECIPIENT_CELLS"), JSON.stringify(real));
      assert.ok(real.bits <= constant("BASE_BITS") + count * constant("RECIPIENT_BITS"), JSON.stringify(real));
    }
  },

  "a year of rent is paid out of the reserve": async (facts) => {
    for (const count of [0, IS_FULL ? 10_000 : 1_000]) {
      const world = await World.create();
      await world.placeVault({ recipients: count, map: count ? manyRecipients(count) : null }, toNano("30"));
      for (const paused of [true, false]) await world.send(world.owner, order.setPaused(paused));
      // The owner takes all the vault lets go of, and nobody comes for a year.
      const reserve = (await world.get(world.vault, "getReserve")).readBigNumber();
      const spare = (await world.balance()) - reserve;
      assert.equal((await world.send(world.owner, order.withdrawTon(spare, world.owner.address))).exit, 0);
      const before = await world.balance();
      world.pass(YEAR_S);
      await world.send(world.stranger, beginCell().endCell(), { value: toNano("0.001") }); // wakes it to pay its rent
      const left = await world.balance();
      facts[count] = { reserve, rent: before - left };
      assert.ok(left >= toNano("0.099"), `${count} recipients: ${left} left of ${before}`);
      assert.equal((await world.claim(world.alice, 1, 1)).exit, 0);
    }
  },

  "a vault whose coins rent has eaten still pays, and owes nothing for it": async () => {
    const world = await World.create();
    await world.placeVault({}, 1n);
    for (const paused of [true, false]) await world.send(world.owner, order.setPaused(paused), { value: toNano("0.01") });
    world.pass(2 * YEAR_S);
    assert.equal((await world.claim(world.alice, 1, 1, { value: toNano("0.08") })).exit, 0);
    assert.equal(await world.balance(), toNano("0.002"));
    assert.equal(await world.jettonsOf(world.alice.address), 1n);
    assert.equal((await world.claim(world.alice, 1, 2, { value: toNano("0.08") })).exit, 0);
  },

  "what a claim leaves behind pays its recipient's entry for two years": async () => {
    const price = async (count) => {
      const world = await World.create();
      await world.placeVault({ recipients: count, map: manyRecipients(count) }, toNano("30"));
      return (await world.get(world.vault, "getReserve")).readBigNumber();
    };
    const perEntryYear = ((await price(1_000)) - (await price(500))) / 500n;
    assert.ok(2n * perEntryYear <= toNano("0.002"), `an entry costs ${perEntryYear} a year`);
  },

  "a vault deleted and deployed again shows seqno 0 and pays nothing before its owner acts": async () => {
    const { createEmptyShardAccount } = require("@ton/sandbox");
    const world = await World.create();
    const claim = world.claimOf(world.alice, 10, 1);
    const body = claimBody(claim, world.signed(claim));
    assert.equal((await world.send(world.alice, body, { value: CLAIM_VALUE })).exit, 0);
    await world.bc.setShardAccount(world.vault, createEmptyShardAccount(world.vault));
    await world.stranger.send({ to: world.vault, init: world.init, value: toNano("0.5"), bounce: false });
    // An unexpired signature and an empty map: only the missing wallet, which the owner must set, stops it.
    assert.equal((await world.send(world.alice, body, { value: CLAIM_VALUE })).exit, EXIT.NO_WALLET);
    assert.equal(await world.lastSeqno(world.alice), 0n); // below what was confirmed: settlement stops on this
    await assert.rejects(world.get(world.vault, "getVaultJettonWallet"), /1009/);
    assert.equal((await world.state()).recipients, 0);
  },

  "an hour after a deletion no signature from before it is worth anything": async () => {
    const { createEmptyShardAccount } = require("@ton/sandbox");
    const world = await World.create();
    const claim = world.claimOf(world.alice, 10, 1, { validUntil: world.bc.now + 3600 });
    const body = claimBody(claim, world.signed(claim));
    await world.send(world.alice, body, { value: CLAIM_VALUE });
    await world.bc.setShardAccount(world.vault, createEmptyShardAccount(world.vault));
    world.pass(3601);
    await world.owner.send({ to: world.vault, init: world.init, value: toNano("0.5"), bounce: false });
    await world.send(world.owner, order.setJettonWallet(world.vaultWallet));
    assert.equal((await world.send(world.alice, body, { value: CLAIM_VALUE })).exit, EXIT.EXPIRED);
  },

  "the address depends on everything the vault is born with": async () => {
    const world = await World.create();
    const { setup } = world;
    const hashes = new Set([vaultData(setup).hash().toString("hex")]);
    const changes = [
      { paused: true }, { oracleKey: 5n }, { networkId: -3 }, { perClaimCap: 1n }, { perDayCap: 1n },
      { master: world.vault }, { owner: world.bob.address }, { guardian: world.bob.address },
    ];
    for (const change of changes) hashes.add(vaultData({ ...setup, ...change }).hash().toString("hex"));
    assert.equal(hashes.size, changes.length + 1);
  },
};
