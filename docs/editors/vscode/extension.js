// Marmalade in VS Code: evaluate what is under the cursor, light what sounds, complete, ask. How to install it is in ../README.md.
"use strict";

const { execFile, spawn } = require("child_process");
const path = require("path");
const vscode = require("vscode");

const CALLS = {
  evaluate: ["send", "--json", "--source", "SOURCE"],
  hush: ["send", "--do", "hush"],
  panic: ["send", "--do", "panic"],
  interrupt: ["send", "--do", "interrupt"],
  complete: ["send", "--json", "--do", "complete", "-"],
  document: ["send", "--json", "--do", "document", "-"],
};

let channel;
let problems;
let light; // how what sounds is drawn
let lamp; // `marmalade lights`, while it runs
let coming; // a timer: the text has changed

function program() {
  return vscode.workspace.getConfiguration("marmalade").get("command", ["marmalade"]);
}

// What a call prints, parsed where it is JSON; an answer with an error where the program could not be run.
function run(call, input, source) {
  const words = program();
  const given = CALLS[call].map((word) => (word === "SOURCE" ? source : word));
  return new Promise((resolve) => {
    const child = execFile(words[0], [...words.slice(1), ...given], { maxBuffer: 1 << 24 }, (error, output, said) => {
      try {
        resolve(output.trim() ? JSON.parse(output) : error ? { error: { text: said || String(error) } } : {});
      } catch {
        resolve(error ? { error: { text: said || output } } : { value: output });
      }
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

// The lines around the cursor up to the next empty ones; the selection where there is one.
function block(editor) {
  if (!editor.selection.isEmpty) {
    return [editor.selection.start.line, editor.selection.end.line];
  }
  let first = editor.selection.active.line;
  let last = first;
  const isEmpty = (line) => editor.document.lineAt(line).text.trim() === "";
  while (first > 0 && !isEmpty(first - 1)) first -= 1;
  while (last + 1 < editor.document.lineCount && !isEmpty(last + 1)) last += 1;
  return [first, last];
}

// Empty lines before the block keep its line numbers those of the file, in messages and highlights.
async function evaluate(editor, first, last) {
  const lines = [];
  for (let line = first; line <= last; line += 1) lines.push(editor.document.lineAt(line).text);
  const code = "\n".repeat(first) + lines.join("\n") + "\n";
  const answer = await run("evaluate", code, path.basename(editor.document.fileName));
  problems.delete(editor.document.uri);
  if (answer.error) {
    const where = answer.error.where;
    if (where) {
      const begin = new vscode.Position(where.line - 1, where.column - 1);
      const range = new vscode.Range(begin, begin.translate(0, where.length || 1));
      problems.set(editor.document.uri, [new vscode.Diagnostic(range, answer.error.message + "\n" + answer.error.hint)]);
    }
    channel.appendLine(answer.error.text);
    vscode.window.setStatusBarMessage("♪ " + (answer.error.message || answer.error.text), 8000);
    return;
  }
  const landed = (answer.landings || []).map((each) => `${each.what} at bar ${each.cycle}`).join(", ");
  if (answer.value) channel.appendLine(answer.value);
  vscode.window.setStatusBarMessage("♪ " + (landed || answer.value || "done"), 4000);
}

// VS Code counts UTF-16 units, the player characters.
function fields(document, position) {
  const code = document.getText();
  return { code, position: [...code.slice(0, document.offsetAt(position))].length };
}

// What sounds in a file: places are [line, column, characters], from 1; VS Code counts UTF-16 units from 0.
function shine(source, places) {
  for (const editor of vscode.window.visibleTextEditors) {
    if (path.basename(editor.document.fileName) !== source) continue;
    const ranges = places
      .filter(([line]) => line <= editor.document.lineCount)
      .map(([line, column, count]) => {
        const characters = [...editor.document.lineAt(line - 1).text];
        const begin = characters.slice(0, column - 1).join("").length;
        const end = characters.slice(0, column - 1 + count).join("").length;
        return new vscode.Range(new vscode.Position(line - 1, begin), new vscode.Position(line - 1, end));
      });
    editor.setDecorations(light, ranges);
  }
}

// What a text looks like now: lights go with their lines.
function tell(document) {
  const line = JSON.stringify({ source: path.basename(document.fileName), text: document.getText() });
  if (lamp) lamp.stdin.write(line + "\n");
}

// Begins and ends the lights: `marmalade lights` says which characters sound, when they are heard.
function lights(editor) {
  if (lamp) {
    lamp.stdin.end();
    return;
  }
  const words = program();
  const child = (lamp = spawn(words[0], [...words.slice(1), "lights"]));
  let rest = "";
  child.stdin.on("error", () => {});
  child.stderr.on("data", (said) => channel.appendLine(String(said)));
  child.stdout.setEncoding("utf-8").on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const each of lines.map((line) => JSON.parse(line))) shine(each.source, each.lit);
  });
  const dark = () => {
    lamp = undefined;
    for (const each of vscode.window.visibleTextEditors) each.setDecorations(light, []);
  };
  child.on("close", dark).on("error", dark);
  tell(editor.document);
}

const completions = {
  async provideCompletionItems(document, position) {
    const asked = fields(document, position);
    const answer = await run("complete", JSON.stringify(asked));
    const begin = document.positionAt([...asked.code].slice(0, answer.start || 0).join("").length);
    return (answer.completions || []).map((each, index) => {
      const item = new vscode.CompletionItem(each.text, vscode.CompletionItemKind.Function);
      item.range = new vscode.Range(begin, position);
      item.detail = each.meta;
      item.documentation = each.doc;
      item.sortText = String(index).padStart(5, "0");
      item.filterText = document.getText(item.range) || each.text;
      return item;
    });
  },
};

const hovers = {
  async provideHover(document, position) {
    const page = await run("document", JSON.stringify(fields(document, position)));
    if (!page.title) return undefined;
    return new vscode.Hover([page.signature || page.title, page.doc, ...page.examples].join("\n\n"));
  },
};

function activate(context) {
  channel = vscode.window.createOutputChannel("Marmalade");
  problems = vscode.languages.createDiagnosticCollection("marmalade");
  const commands = {
    block: (editor) => evaluate(editor, ...block(editor)),
    line: (editor) => evaluate(editor, editor.selection.active.line, editor.selection.active.line),
    all: (editor) => evaluate(editor, 0, editor.document.lineCount - 1),
    hush: () => run("hush", ""),
    panic: () => run("panic", ""),
    interrupt: () => run("interrupt", ""),
    lights,
  };
  for (const [name, work] of Object.entries(commands)) {
    const registered = vscode.commands.registerTextEditorCommand(`marmalade.${name}`, (editor) => work(editor));
    context.subscriptions.push(registered);
  }
  light = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor("editor.findMatchBackground"),
  });
  const changed = vscode.workspace.onDidChangeTextDocument(({ document }) => {
    clearTimeout(coming);
    if (lamp && document.languageId === "python") coming = setTimeout(() => tell(document), 200);
  });
  context.subscriptions.push(
    channel,
    problems,
    light,
    changed,
    { dispose: () => lamp && lamp.stdin.end() },
    vscode.languages.registerCompletionItemProvider("python", completions, ".", '"', "'", "=", "(", ":"),
    vscode.languages.registerHoverProvider("python", hovers),
  );
}

module.exports = { activate, deactivate() {} };
