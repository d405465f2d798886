// Runs vault cases in the TVM and prints one JSON line per case; test_vault_in_the_tvm.py reads them.
//   node run.js list                       {file, name} of every case
//   node run.js run <file> [name]          {name, ok, error, facts}
//   node run.js accounts <raw vault>       raw addresses of everybody, of the jetton and of that vault's jetton wallet
//   node run.js follow < JSON              deploys {stateInit} and sends {steps: [{from, body, nanoton}]}; prints each outcome
//   node run.js mutants                    {name, cases} of every mutation
//   node run.js mutate <mutation name>     {name, ok, error}: ok when every named case fails on the mutant
"use strict";
const fs = require("fs");
const path = require("path");

const FILES = ["claims", "bounces", "orders", "limits", "fuzz", "model"];
const print = (line) => console.log(JSON.stringify(line, (_, value) => (typeof value === "bigint" ? `${value}` : value)));
const casesOf = (file) => require(path.join(__dirname, `${file}.js`));

async function runCase(name, body) {
  const facts = {};
  try {
    await body(facts);
    return { name, ok: true, facts };
  } catch (error) {
    return { name, ok: false, error: error.stack ?? String(error), facts };
  }
}

/** The contract with one text replaced; a text found nowhere, or in two places, is a mistake. */
async function compileMutant({ find, replace }) {
  const { compileVault, readSource, sourceNames } = require("../../../infra/vault/compile.js");
  const found = sourceNames().filter((name) => readSource(name).includes(find));
  if (found.length !== 1 || readSource(found[0]).split(find).length !== 2) {
    throw new Error(`the contract does not hold this text exactly once: ${find}`);
  }
  const [mutated] = found;
  const read = (name) => (mutated === (name.endsWith(".tolk") ? name : `${name}.tolk`) ? readSource(name).replace(find, () => replace) : readSource(name));
  return (await compileVault(read)).codeBoc64;
}

async function mutate(name) {
  const mutation = require("./mutations.js")[name];
  const { World } = require("./world.js");
  World.mutant = await compileMutant(mutation);
  const survivors = [];
  for (const [file, caseName] of mutation.killedBy) {
    const body = casesOf(file)[caseName];
    if (body === undefined) throw new Error(`no case is called: ${caseName}`);
    if ((await runCase(caseName, body)).ok) survivors.push(caseName);
  }
  return { name, ok: survivors.length === 0, error: survivors.map((each) => `still passes: ${each}`).join("\n") };
}

async function accounts(rawVault) {
  const { Address, World } = require("./world.js");
  const world = await World.create();
  const names = ["owner", "guardian", "alice", "bob"].map((name) => [name, world[name].address]);
  const wallet = await world.walletOf(Address.parse(rawVault));
  const all = [...names, ["master", world.master], ["vaultWallet", wallet]];
  return Object.fromEntries(all.map(([name, address]) => [name, address.toRawString()]));
}

/** The operator's bytes, as they are, against the real contract. */
async function* follow({ stateInit, steps }) {
  const { Cell, World, contractAddress, toNano } = require("./world.js");
  const { loadStateInit } = require("@ton/core");
  const world = await World.create({ inventory: 0n });
  const init = loadStateInit(Cell.fromBase64(stateInit).beginParse());
  world.vault = contractAddress(0, init);
  await world.owner.send({ to: world.vault, init, value: toNano("0.5"), bounce: false });
  await world.mint(world.vault, 1_000n);
  for (const { from, body, nanoton } of steps) {
    const { exit, aborted } = await world.send(world[from], Cell.fromBase64(body), { value: BigInt(nanoton) });
    const roles = await world.get(world.vault, "getRoles");
    yield {
      exit, aborted, state: await world.state(), address: world.vault.toRawString(), balance: await world.balance(),
      oracle: (await world.get(world.vault, "getOraclePublicKey")).readBigNumber().toString(16).padStart(64, "0"),
      owner: roles.readAddress().toRawString(), pending: roles.readAddressOpt()?.toRawString() ?? null,
      guardian: roles.readAddress().toRawString(), bobJettons: await world.jettonsOf(world.bob.address),
    };
  }
}

async function main([command, first, second]) {
  if (command === "list") {
    for (const file of FILES) for (const name of Object.keys(casesOf(file))) print({ file, name });
  } else if (command === "run") {
    for (const [name, body] of Object.entries(casesOf(first))) {
      if (second === undefined || second === name) print(await runCase(name, body));
    }
  } else if (command === "accounts") {
    print(await accounts(first));
  } else if (command === "follow") {
    for await (const outcome of follow(JSON.parse(fs.readFileSync(0, "utf8")))) print(outcome);
  } else if (command === "mutants") {
    for (const [name, { killedBy }] of Object.entries(require("./mutations.js"))) print({ name, cases: killedBy });
  } else if (command === "mutate") {
    print(await mutate(first));
  } else {
    throw new Error(fs.readFileSync(__filename, "utf8").split('"use strict"')[0]);
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0), // the sandbox keeps a worker; everything asked for has been printed
  (error) => {
    console.error(error.stack);
    process.exit(1);
  },
);
