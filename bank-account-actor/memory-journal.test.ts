import { journalContract } from './journal-contract.ts';
import { journalFillingContract } from './journal-filling-contract.ts';
import { memoryJournal } from './memory-journal.ts';

const shared = memoryJournal();
journalContract('memory', (host) => (host.startsWith('r-') ? memoryJournal() : shared));
journalFillingContract('memory', () => shared);
