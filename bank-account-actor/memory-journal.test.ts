import { journalContract } from './journal-contract.ts';
import { memoryJournal } from './memory-journal.ts';

const shared = memoryJournal();
journalContract('memory', (host) => (host.startsWith('r-') ? memoryJournal() : shared));
