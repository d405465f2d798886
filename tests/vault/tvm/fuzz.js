// Random messages from random senders: an exit code 0 must be one of the effects SPEC.md lists, done by whom it lists.
"use strict";
const assert = require("node:assert/strict");
const { signVerify } = require("@ton/crypto");
const { Chance } = require("./chance.js");
const { OPS, World, beginCell, claimBody, internal, key, keyNumber, order, payloadCell, phase, toNano } = require("./world.js");

const IS_FULL = process.env.ARENA_TEST_FULL === "1";
const MESSAGES = IS_FULL ? 5_000 : 500;
const NAME_OF = Object.fromEntries(Object.entries(OPS).map(([name, code]) => [code, name]));

const READERS = {
  RewardClaim: (s) => {
    const claim = { to: s.loadAddress(), amount: s.loadCoins(), seqno: s.loadUintBig(64), validUntil: s.loadUint(32) };
    if (s.remainingRefs === 0) return { ...claim, signature: s.loadBuffer(64) };
    const inner = s.loadRef().beginParse();
    const signature = inner.loadBuffer(64);
    inner.endParse();
    return { ...claim, signature };
  },
  SetPaused: (s) => ({ paused: s.loadBit() }),
  SetOracle: (s) => ({ newKey: s.loadUintBig(256), graceS: s.loadUint(32) }),
  SetCaps: (s) => ({ perClaim: s.loadCoins(), perDay: s.loadCoins() }),
  SetJettonWallet: (s) => ({ wallet: s.loadAddress() }),
  ProposeOwner: (s) => ({ newOwner: s.loadAddress() }),
  AcceptOwner: () => ({}),
  WithdrawJettons: (s) => ({ queryId: s.loadUintBig(64), amount: s.loadCoins(), to: s.loadAddress() }),
  WithdrawTon: (s) => ({ amount: s.loadCoins(), to: s.loadAddress() }),
  SetGuardian: (s) => ({ guardian: s.loadAddress() }),
};

/** The message in words, or null when it is not exactly one of the layouts. */
function read(body) {
  const slice = body.beginParse();
  if (slice.remainingBits === 0 && slice.remainingRefs === 0) return { name: "TopUp" };
  if (slice.remainingBits < 32) return null;
  const name = NAME_OF[slice.loadUint(32)];
  if (name === "TransferNotification" || name === "Excesses") return { name: "TopUp" };
  if (name === undefined) return null;
  try {
    const fields = READERS[name](slice);
    slice.endParse();
    return { name, ...fields };
  } catch {
    return null;
  }
}

/** The bounce in words, or null when it is not a returned transfer of this vault. */
function readBounce(body) {
  try {
    const slice = body.beginParse();
    if (slice.loadUint(32) !== 0xfffffffe) return null;
    const original = slice.loadRef().beginParse();
    slice.loadRef();
    if (original.loadUint(32) !== 0x0f8a7ea5) return null;
    return { seqno: original.loadUintBig(64), amount: original.loadCoins(), to: original.loadAddress() };
  } catch {
    return null;
  }
}

async function mayHappen(world, { from, body, bounced }) {
  if (bounced) return from.equals(world.vaultWallet) && readBounce(body) !== null;
  const message = read(body);
  if (message === null) return false;
  const roles = await world.get(world.vault, "getRoles");
  const owner = roles.readAddress();
  roles.skip();
  const guardian = roles.readAddress();
  switch (message.name) {
    case "TopUp":
      return true;
    case "SetPaused":
      return from.equals(owner) || (message.paused && from.equals(guardian));
    case "AcceptOwner":
    case "SetJettonWallet":
      return false; // nobody is proposed and the wallet is set in the world these messages go to
    case "RewardClaim": {
      const payload = payloadCell({ ...message, vault: world.vault, master: world.master });
      const state = await world.state();
      return !state.paused && from.equals(message.to) && message.seqno === (await world.lastSeqno(message.to)) + 1n
        && message.amount > 0n && message.amount <= state.perClaimCap && message.validUntil >= world.bc.now
        && signVerify(payload.hash(), message.signature, world.oracle.publicKey);
    }
    default:
      return from.equals(owner);
  }
}

/** One change somewhere in the cell: a bit turned, bits or references cut off or put on. */
function mutated(chance, body) {
  const slice = body.beginParse();
  const bits = Array.from({ length: slice.remainingBits }, () => slice.loadBit());
  const refs = [...body.refs];
  chance.weighted([
    [5, () => bits.length && (bits[chance.below(bits.length)] ^= 1)],
    [1, () => bits.splice(chance.below(bits.length + 1))],
    [1, () => bits.length < 900 && bits.push(...Array.from({ length: 1 + chance.below(64) }, () => chance.is(0.5)))],
    [1, () => refs.length < 4 && refs.push(beginCell().storeUint(chance.below(256), 8).endCell())],
    [1, () => refs.pop()],
    [1, () => refs.length && (refs[0] = mutated(chance, refs[0]))],
  ])();
  const builder = beginCell();
  for (const bit of bits) builder.storeBit(Boolean(bit));
  for (const ref of refs) builder.storeRef(ref);
  return builder.endCell();
}

function anyCell(chance, depth = 0) {
  const builder = beginCell().storeBuffer(chance.bytes(chance.below(100)));
  if (depth < 2) for (let count = chance.below(3); count > 0; count -= 1) builder.storeRef(anyCell(chance, depth + 1));
  return builder.endCell();
}

function returned(world, { to, amount, seqno }) {
  const original = beginCell().storeUint(0x0f8a7ea5, 32).storeUint(seqno, 64).storeCoins(amount).storeAddress(to)
    .storeAddress(to).storeBit(false).storeCoins(0).storeBit(false).endCell();
  const info = beginCell().storeCoins(5).storeBit(false).storeUint(1, 64).storeUint(world.bc.now, 32).endCell();
  return beginCell().storeUint(0xfffffffe, 32).storeRef(original).storeRef(info)
    .storeUint(0, 8).storeInt(706, 32).storeBit(false).endCell();
}

function anyClaim(chance, world, claim) {
  const signature = world.signed(claim, chance.is(0.9) ? world.oracle : key(9));
  return claimBody(claim, signature, { inline: chance.is(0.3) });
}

function anyMessage(chance, world) {
  const people = [world.owner, world.guardian, world.alice, world.bob, world.stranger].map((each) => each.address);
  const somebody = () => chance.of(people);
  const claim = world.claimOf(somebody(), chance.of([0, 1, 10, 1_000, 1_001]), chance.of([1, 2, 2, 2, 3]));
  const isClaim = chance.is(0.3);
  const whole = isClaim ? anyClaim(chance, world, claim) : chance.of([
    () => order.setPaused(chance.is(0.5)),
    () => order.setOracle(chance.of([0n, 1n, keyNumber(key(2))]), chance.below(5_000)),
    () => order.setCaps(chance.below(5_000), chance.below(5_000)),
    () => order.setJettonWallet(somebody()),
    () => order.proposeOwner(somebody()),
    () => order.acceptOwner(),
    () => order.withdrawJettons(chance.below(100), somebody(), chance.below(3)),
    () => order.withdrawTon(chance.below(1_000_000), somebody()),
    () => order.setGuardian(somebody()),
    () => beginCell().endCell(),
    () => beginCell().storeUint(OPS.TransferNotification, 32).storeBuffer(chance.bytes(20)).endCell(),
  ])();
  const bounced = chance.is(0.1);
  const likely = bounced ? world.vaultWallet : isClaim ? claim.to : world.owner.address;
  const from = chance.is(0.6) ? likely : chance.of([...people, world.vaultWallet, world.master, world.vault]);
  const kept = bounced && chance.is(0.8) ? returned(world, claim) : whole;
  const body = chance.weighted([
    [4, () => kept],
    [5, () => mutated(chance, kept)],
    [1, () => anyCell(chance)],
    [2, () => beginCell().storeUint(chance.of(Object.values(OPS)), 32).storeBuffer(chance.bytes(chance.below(80))).endCell()],
  ])();
  const value = chance.of(["0.001", "0.02", "0.08", "0.1", "0.1", "1"]);
  return { from, body, bounced, value: toNano(value) };
}

module.exports = {
  "of random messages none succeeds without a listed effect, and a failed one changes nothing": async (facts) => {
    const chance = new Chance();
    Object.assign(facts, { seed: chance.seed, messages: MESSAGES, succeeded: {} });
    const world = await World.create({ inventory: 10_000n });
    assert.equal((await world.claim(world.alice, 10, 1)).exit, 0);
    assert.equal((await world.claim(world.bob, 10, 1)).exit, 0);
    const start = world.bc.snapshot();
    for (let count = 0; count < MESSAGES; count += 1) {
      const message = anyMessage(chance, world);
      const before = await world.dataHash();
      const expected = await mayHappen(world, message);
      const { transactions } = await world.bc.sendMessage(internal({ ...message, to: world.vault, bounce: !message.bounced }));
      const { exit, aborted } = phase(transactions[0]);
      const told = `message ${count} of seed ${chance.seed}: ${message.body.toBoc().toString("base64")} from ${message.from}`;
      if (exit === 0 && !aborted) {
        assert.ok(expected, `succeeded without a listed effect: ${told}`);
        const name = message.bounced ? "Bounce" : read(message.body).name;
        facts.succeeded[name] = (facts.succeeded[name] ?? 0) + 1;
        if (name === "TopUp") assert.equal(await world.dataHash(), before, told);
        await world.bc.loadFrom(start);
      } else {
        assert.equal(await world.dataHash(), before, `failed and changed something: ${told}`);
      }
    }
    for (const name of IS_FULL ? ["RewardClaim", "SetPaused", "Bounce", "TopUp"] : ["TopUp"]) {
      assert.ok(facts.succeeded[name] > 0, `the messages were too wild for any ${name} to succeed`);
    }
  },
};
