// Runs docs/editors/vscode/extension.js with a stand-in for VS Code: node stand_in.js EXTENSION PROGRAM FILE
"use strict";

const fs = require("fs");
const Module = require("module");

const [extension, program, file] = process.argv.slice(2);
const text = fs.readFileSync(file, "utf-8");
const lines = text.split("\n");
const commands = {};
const providers = {};
const said = { statuses: [], problems: [], log: [], lit: [] };
const waiting = [];

// The next set of lights.
const lit = () => new Promise((resolve) => waiting.push(resolve));

class Position {
  constructor(line, character) {
    Object.assign(this, { line, character });
  }
  translate(down, right) {
    return new Position(this.line + down, this.character + right);
  }
}

class Range {
  constructor(start, end) {
    Object.assign(this, { start, end });
  }
}

const document = {
  uri: file,
  languageId: "python",
  fileName: file,
  lineCount: lines.length,
  lineAt: (line) => ({ text: lines[line] }),
  offsetAt: ({ line, character }) => lines.slice(0, line).join("\n").length + (line ? 1 : 0) + character,
  positionAt: (offset) => {
    const before = text.slice(0, offset).split("\n");
    return new Position(before.length - 1, before[before.length - 1].length);
  },
  getText: (range) => (range ? text.slice(document.offsetAt(range.start), document.offsetAt(range.end)) : text),
};

const vscode = {
  Position,
  Range,
  Hover: class {
    constructor(contents) {
      this.contents = contents;
    }
  },
  Diagnostic: class {
    constructor(range, message) {
      Object.assign(this, { range, message });
    }
  },
  CompletionItem: class {
    constructor(label) {
      this.label = label;
    }
  },
  CompletionItemKind: { Function: 2 },
  ThemeColor: class {},
  workspace: {
    getConfiguration: () => ({ get: () => JSON.parse(program) }),
    onDidChangeTextDocument: (heard) => (providers.changed = heard),
  },
  window: {
    createTextEditorDecorationType: () => ({}),
    visibleTextEditors: [
      {
        document,
        setDecorations: (_, ranges) => {
          said.lit.push(ranges);
          while (waiting.length) waiting.pop()();
        },
      },
    ],
    createOutputChannel: () => ({ appendLine: (line) => said.log.push(line) }),
    setStatusBarMessage: (message) => said.statuses.push(message),
  },
  languages: {
    createDiagnosticCollection: () => ({ delete() {}, set: (_, found) => said.problems.push(...found) }),
    registerCompletionItemProvider: (_, provider) => (providers.completion = provider),
    registerHoverProvider: (_, provider) => (providers.hover = provider),
  },
  commands: { registerTextEditorCommand: (name, work) => (commands[name] = work) },
};

const load = Module._load;
Module._load = (name, ...rest) => (name === "vscode" ? vscode : load(name, ...rest));

async function main() {
  require(extension).activate({ subscriptions: [] });
  const at = (line, character) => ({
    document,
    selection: { isEmpty: true, active: new Position(line, character), start: null, end: null },
  });
  await commands["marmalade.block"](at(2, 0));
  await commands["marmalade.hush"](at(0, 0));
  const end = new Position(lines.length - 1, lines[lines.length - 1].length);
  const items = await providers.completion.provideCompletionItems(document, end);
  const hover = await providers.hover.provideHover(document, end);
  const first = lit();
  commands["marmalade.lights"](at(0, 0));
  await first;
  const last = lit();
  commands["marmalade.lights"](at(0, 0));
  await last;
  console.log(JSON.stringify({ ...said, items, hover, commands: Object.keys(commands) }));
}

main();
