import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export const MAX_TITLE = 200;
export const MAX_BODY = 200_000;

export interface Note {
  id: string;
  title: string;
  body: string;
  updated: string;
}

export interface Hit {
  id: string;
  title: string;
  snippet: string;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS notes (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL, updated TEXT NOT NULL
  );
  CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(id UNINDEXED, title, body);
  CREATE TABLE IF NOT EXISTS attachments (
    note TEXT NOT NULL REFERENCES notes(id), file TEXT NOT NULL, source TEXT NOT NULL
  );
`;

/** The local store: one SQLite file in the data directory. */
export class Store {
  private readonly db: DatabaseSync;

  constructor(dataDir: string) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    this.db = new DatabaseSync(join(dataDir, "harbor.db"));
    this.db.exec(SCHEMA);
  }

  save(note: Note): void {
    this.db
      .prepare("INSERT OR REPLACE INTO notes (id, title, body, updated) VALUES (?, ?, ?, ?)")
      .run(note.id, note.title, note.body, note.updated);
    this.db.prepare("DELETE FROM words WHERE id = ?").run(note.id);
    this.db
      .prepare("INSERT INTO words (id, title, body) VALUES (?, ?, ?)")
      .run(note.id, note.title, note.body);
  }

  get(id: string): Note | undefined {
    return this.db.prepare("SELECT id, title, body, updated FROM notes WHERE id = ?").get(id) as Note | undefined;
  }

  list(limit: number): Omit<Note, "body">[] {
    return this.db
      .prepare("SELECT id, title, updated FROM notes ORDER BY updated DESC LIMIT ?")
      .all(limit) as unknown as Omit<Note, "body">[];
  }

  search(words: string, limit: number): Hit[] {
    // Quoted, the words are a phrase to fts5 and none of its operators.
    const phrase = `"${words.replaceAll('"', '""')}"`;
    return this.db
      .prepare("SELECT id, title, snippet(words, 2, '[', ']', '…', 12) AS snippet FROM words WHERE words MATCH ? LIMIT ?")
      .all(phrase, limit) as unknown as Hit[];
  }

  attach(note: string, file: string, source: string): void {
    this.db.prepare("INSERT INTO attachments (note, file, source) VALUES (?, ?, ?)").run(note, file, source);
  }

  close(): void {
    this.db.close();
  }
}
