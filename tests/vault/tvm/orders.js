// What the owner and the guardian can order, and that nobody else can.
"use strict";
const assert = require("node:assert/strict");
const { DAY_S, EXIT, World, beginCell, key, keyNumber, order, toNano } = require("./world.js");

const NEW = key(2);
const NEWER = key(3);

/** Sends an order and requires a refusal that leaves no trace. */
async function refuses(world, exit, from, body, value = toNano("0.2")) {
  const before = await world.dataHash();
  const coins = await world.balance();
  const result = await world.send(from, body, { value });
  assert.equal(result.exit, exit);
  assert.equal(await world.dataHash(), before);
  assert.equal(await world.balance(), coins);
}

async function does(world, from, body, value = toNano("0.2")) {
  const result = await world.send(from, body, { value });
  assert.deepEqual([result.exit, result.action, result.aborted], [0, 0, false]);
  return result;
}

async function pays(world, who, seqno, pair) {
  return (await world.claim(world[who], 1, seqno, { pair })).exit;
}

const everyOrder = (world) => ({
  "SetPaused true": order.setPaused(true),
  "SetPaused false": order.setPaused(false),
  SetOracle: order.setOracle(keyNumber(NEW), 0),
  SetCaps: order.setCaps(1, 1),
  SetJettonWallet: order.setJettonWallet(world.stranger.address),
  ProposeOwner: order.proposeOwner(world.stranger.address),
  AcceptOwner: order.acceptOwner(),
  WithdrawJettons: order.withdrawJettons(1, world.stranger.address),
  WithdrawTon: order.withdrawTon(1, world.stranger.address),
  SetGuardian: order.setGuardian(world.stranger.address),
});

module.exports = {
  "a stranger can give no order": async () => {
    for (const wallet of [undefined, null]) {
      const world = await World.create({ setup: { wallet }, inventory: 0n });
      for (const from of [world.stranger, world.alice]) {
        for (const body of Object.values(everyOrder(world))) await refuses(world, EXIT.NOT_AUTHORISED, from, body);
      }
    }
  },

  "the guardian can pause and give no other order": async () => {
    const world = await World.create();
    for (const [name, body] of Object.entries(everyOrder(world))) {
      if (name !== "SetPaused true") await refuses(world, EXIT.NOT_AUTHORISED, world.guardian, body);
    }
    await does(world, world.guardian, order.setPaused(true));
    assert.equal((await world.state()).paused, true);
    await refuses(world, EXIT.NOT_AUTHORISED, world.guardian, order.setPaused(false));
  },

  "the owner pauses and resumes": async () => {
    const world = await World.create();
    for (const paused of [true, true, false, false]) {
      await does(world, world.owner, order.setPaused(paused));
      assert.equal((await world.state()).paused, paused);
    }
  },

  "a replaced guardian can no longer pause": async () => {
    const world = await World.create();
    await does(world, world.owner, order.setGuardian(world.bob.address));
    await refuses(world, EXIT.NOT_AUTHORISED, world.guardian, order.setPaused(true));
    await does(world, world.bob, order.setPaused(true));
    const roles = await world.get(world.vault, "getRoles");
    assert.ok(roles.readAddress().equals(world.owner.address));
    assert.equal(roles.readAddressOpt(), null);
    assert.ok(roles.readAddress().equals(world.bob.address));
  },

  "new caps hold from the next claim on": async () => {
    const world = await World.create();
    await does(world, world.owner, order.setCaps(5, 6));
    assert.equal((await world.claim(world.alice, 6, 1)).exit, EXIT.CLAIM_CAP);
    assert.equal((await world.claim(world.alice, 5, 1)).exit, 0);
    assert.equal((await world.claim(world.alice, 2, 2)).exit, EXIT.DAY_CAP);
    await does(world, world.owner, order.setCaps(5, 4));
    assert.equal((await world.claim(world.alice, 1, 2)).exit, EXIT.DAY_CAP);
    world.pass(DAY_S);
    assert.equal((await world.claim(world.alice, 4, 2)).exit, 0);
  },

  "the jetton wallet is set once": async () => {
    const world = await World.create();
    await refuses(world, EXIT.WALLET_SET, world.owner, order.setJettonWallet(world.stranger.address));
    await refuses(world, EXIT.WALLET_SET, world.owner, order.setJettonWallet(world.vaultWallet));
    assert.ok((await world.get(world.vault, "getVaultJettonWallet")).readAddress().equals(world.vaultWallet));
  },

  "a replaced key is good until the last second of its grace and not after": async () => {
    const world = await World.create();
    await does(world, world.owner, order.setOracle(keyNumber(NEW), 100));
    assert.equal((await world.state()).previousUntil, world.bc.now + 100);
    assert.equal((await world.get(world.vault, "getOraclePublicKey")).readBigNumber(), keyNumber(NEW));
    assert.equal(await pays(world, "alice", 1, world.oracle), 0);
    assert.equal(await pays(world, "alice", 2, NEW), 0);
    world.pass(100);
    assert.equal(await pays(world, "alice", 3, world.oracle), 0);
    world.pass(1);
    assert.equal(await pays(world, "alice", 4, world.oracle), EXIT.SIGNATURE);
    assert.equal(await pays(world, "alice", 4, NEW), 0);
  },

  "in a grace a third key is still refused": async () => {
    const world = await World.create();
    await does(world, world.owner, order.setOracle(keyNumber(NEW), 100));
    assert.equal(await pays(world, "alice", 1, NEWER), EXIT.SIGNATURE);
  },

  "with grace 0 the replaced key is refused at once": async () => {
    const world = await World.create();
    await does(world, world.owner, order.setOracle(keyNumber(NEW), 0));
    assert.equal(await pays(world, "alice", 1, world.oracle), EXIT.SIGNATURE);
    assert.equal(await pays(world, "alice", 1, NEW), 0);
  },

  "a grace is at most an hour": async () => {
    const world = await World.create();
    await does(world, world.owner, order.setOracle(keyNumber(NEW), 2 ** 32 - 1));
    assert.equal((await world.state()).previousUntil, world.bc.now + 3600);
  },

  "repeating a rotation neither cuts nor prolongs the grace": async () => {
    const world = await World.create();
    await does(world, world.owner, order.setOracle(keyNumber(NEW), 100));
    const until = (await world.state()).previousUntil;
    world.pass(50);
    await does(world, world.owner, order.setOracle(keyNumber(NEW), 100));
    assert.equal((await world.state()).previousUntil, until);
    assert.equal(await pays(world, "alice", 1, world.oracle), 0);
  },

  "repeating a rotation with grace 0 ends the grace": async () => {
    const world = await World.create();
    await does(world, world.owner, order.setOracle(keyNumber(NEW), 100));
    await does(world, world.owner, order.setOracle(keyNumber(NEW), 0));
    assert.equal(await pays(world, "alice", 1, world.oracle), EXIT.SIGNATURE);
    assert.equal(await pays(world, "alice", 1, NEW), 0);
  },

  "a second rotation leaves no say to the key before the last": async () => {
    const world = await World.create();
    await does(world, world.owner, order.setOracle(keyNumber(NEW), 3600));
    await does(world, world.owner, order.setOracle(keyNumber(NEWER), 3600));
    assert.equal(await pays(world, "alice", 1, world.oracle), EXIT.SIGNATURE);
    assert.equal(await pays(world, "alice", 1, NEW), 0);
    assert.equal(await pays(world, "alice", 2, NEWER), 0);
  },

  "a key under which anybody can sign is refused": async () => {
    const world = await World.create();
    const fieldTop = "ff".repeat(30) + "7f";
    const weak = [
      "00".repeat(32), "01" + "00".repeat(31), "ec" + fieldTop, "ed" + fieldTop, "ee" + fieldTop,
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ];
    for (const hex of weak) {
      for (const sign of [0n, 0x80n]) {
        const newKey = BigInt("0x" + hex) | sign;
        await refuses(world, EXIT.WEAK_KEY, world.owner, order.setOracle(newKey, 0));
      }
    }
  },

  "a new owner has the say only after accepting, and then alone": async () => {
    const world = await World.create();
    await refuses(world, EXIT.NOT_AUTHORISED, world.bob, order.acceptOwner());
    await does(world, world.owner, order.proposeOwner(world.bob.address));
    await refuses(world, EXIT.NOT_AUTHORISED, world.bob, order.setPaused(true));
    await refuses(world, EXIT.NOT_AUTHORISED, world.owner, order.acceptOwner());
    await does(world, world.owner, order.setPaused(true));
    await does(world, world.bob, order.acceptOwner());
    assert.ok((await world.get(world.vault, "owner")).readAddress().equals(world.bob.address));
    await refuses(world, EXIT.NOT_AUTHORISED, world.owner, order.setPaused(false));
    await does(world, world.bob, order.setPaused(false));
    await refuses(world, EXIT.NOT_AUTHORISED, world.bob, order.acceptOwner());
  },

  "a second proposal replaces the first": async () => {
    const world = await World.create();
    await does(world, world.owner, order.proposeOwner(world.bob.address));
    await does(world, world.owner, order.proposeOwner(world.alice.address));
    await refuses(world, EXIT.NOT_AUTHORISED, world.bob, order.acceptOwner());
    await does(world, world.alice, order.acceptOwner());
  },

  "an order with one bit or one reference too many changes nothing": async () => {
    const world = await World.create({ setup: { wallet: null }, inventory: 0n });
    for (const body of Object.values(everyOrder(world))) {
      if (body.bits.length === 32) continue; // AcceptOwner, below
      await refuses(world, 9, world.owner, beginCell().storeSlice(body.beginParse()).storeBit(0).endCell());
      await refuses(world, 9, world.owner, beginCell().storeSlice(body.beginParse()).storeRef(body).endCell());
    }
    await does(world, world.owner, order.proposeOwner(world.bob.address));
    await refuses(world, 9, world.bob, beginCell().storeSlice(order.acceptOwner().beginParse()).storeBit(0).endCell());
  },

  "a withdrawal of jettons moves just that and costs the vault no coin": async () => {
    const world = await World.create({ inventory: 1_000n });
    const coins = await world.balance();
    await does(world, world.owner, order.withdrawJettons(400, world.bob.address, 7), toNano("0.08"));
    assert.equal(await world.jettonsOf(world.bob.address), 400n);
    assert.equal(await world.jettonsOf(world.vault), 600n);
    assert.equal(await world.balance(), coins);
  },

  "a withdrawal of more jettons than there are moves none and is not taken for a claim": async () => {
    const world = await World.create({ inventory: 1_000n });
    assert.equal((await world.claim(world.bob, 100, 1)).exit, 0);
    const before = await world.dataHash();
    const { transactions } = await does(world, world.owner, order.withdrawJettons(901, world.bob.address, 1));
    assert.ok(transactions.every((tx) => tx.inMessage.info.bounced !== true));
    assert.equal(await world.dataHash(), before);
    assert.equal(await world.jettonsOf(world.vault), 900n);
  },

  "a withdrawal of jettons needs an amount, a wallet and enough coins": async () => {
    const world = await World.create({ setup: { wallet: null }, inventory: 0n });
    await refuses(world, EXIT.AMOUNT, world.owner, order.withdrawJettons(0, world.bob.address));
    await refuses(world, EXIT.NO_WALLET, world.owner, order.withdrawJettons(1, world.bob.address));
    await refuses(world, EXIT.VALUE, world.owner, order.withdrawJettons(1, world.bob.address), toNano("0.08") - 1n);
  },

  "a withdrawal of coins leaves the reserve, to the last nanoton": async () => {
    const world = await World.create();
    await world.owner.send({ to: world.vault, value: toNano("2") });
    const reserve = (await world.get(world.vault, "getReserve")).readBigNumber();
    assert.ok(reserve > toNano("0.1"));
    const spare = (await world.balance()) - reserve;
    await refuses(world, EXIT.RESERVE, world.owner, order.withdrawTon(spare + 1n, world.bob.address));
    await refuses(world, EXIT.AMOUNT, world.owner, order.withdrawTon(0, world.bob.address));
    const bob = await world.balance(world.bob.address);
    await does(world, world.owner, order.withdrawTon(spare, world.bob.address), toNano("0.02"));
    assert.ok((await world.balance()) >= reserve);
    const got = (await world.balance(world.bob.address)) - bob;
    assert.ok(got > spare - toNano("0.001") && got <= spare, `${spare} became ${got}`);
  },

  "the reserve grows with the recipients whose rent it is": async () => {
    const world = await World.create();
    const reserve = async () => (await world.get(world.vault, "getReserve")).readBigNumber();
    const empty = await reserve();
    await world.placeVault({ recipients: 10_000 }, toNano("10"));
    const full = await reserve();
    assert.ok(full > empty + toNano("6"), `${empty} grew to ${full}`);
    await refuses(world, EXIT.RESERVE, world.owner, order.withdrawTon(toNano("10") - full + 1n, world.bob.address));
  },

  "coins sent with an empty body, a jetton notification or excesses stay and change nothing else": async () => {
    const world = await World.create();
    const before = await world.dataHash();
    const bodies = [
      beginCell().endCell(),
      beginCell().storeUint(0x7362d09c, 32).storeUint(1, 64).storeCoins(5).storeAddress(world.alice.address).storeBit(0).endCell(),
      beginCell().storeUint(0xd53276db, 32).storeUint(1, 64).endCell(),
    ];
    for (const body of bodies) {
      const coins = await world.balance();
      const { transactions } = await does(world, world.stranger, body, toNano("1"));
      assert.equal(transactions.length, 2);
      assert.ok((await world.balance()) > coins + toNano("0.99"));
    }
    assert.equal(await world.dataHash(), before);
  },

  "a message the vault does not know goes back with its coins": async () => {
    const world = await World.create();
    const comment = beginCell().storeUint(0, 32).storeStringTail("thanks").endCell();
    for (const body of [comment, beginCell().storeUint(1, 1).endCell(), beginCell().storeUint(0x1000000a, 32).endCell()]) {
      await refuses(world, EXIT.UNKNOWN_MESSAGE, world.owner, body);
    }
  },

  "a vault takes no external message": async () => {
    const world = await World.create();
    const { external } = require("@ton/core");
    for (const body of Object.values(everyOrder(world))) {
      await assert.rejects(world.bc.sendMessage(external({ to: world.vault, body })));
    }
  },
};
