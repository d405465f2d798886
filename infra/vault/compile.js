// Compiles the vault with the pinned Tolk compiler and writes vault.compiled.json beside the source.
// Run it as `node infra/vault/compile.js`; a test recompiles and compares, so the file cannot go stale.
"use strict";
const fs = require("fs");
const path = require("path");
const { getTolkCompilerVersion, runTolkCompiler } = require("@ton/tolk-js");

const ENTRY = "vault.tolk";

function readSource(name) {
  return fs.readFileSync(path.join(__dirname, name.endsWith(".tolk") ? name : `${name}.tolk`), "utf8");
}

function sourceNames() {
  return fs.readdirSync(__dirname).filter((name) => name.endsWith(".tolk"));
}

/** Resolves to {codeBoc64, codeHashHex, compiler}; `read` lets the mutation tests change a source. */
async function compileVault(read = readSource) {
  const result = await runTolkCompiler({ entrypointFileName: ENTRY, fsReadCallback: read });
  if (result.status === "error") throw new Error(result.message);
  return {
    codeBoc64: result.codeBoc64,
    codeHashHex: result.codeHashHex.toLowerCase(),
    compiler: `tolk ${await getTolkCompilerVersion()}`,
  };
}

module.exports = { compileVault, readSource, sourceNames };

if (require.main === module) {
  compileVault()
    .then((compiled) => {
      const target = path.join(__dirname, "vault.compiled.json");
      fs.writeFileSync(target, `${JSON.stringify(compiled, null, 2)}\n`);
      console.log(compiled.codeHashHex);
    })
    .catch((error) => {
      console.error(error.message);
      process.exitCode = 1;
    });
}
