import { metadataId } from '../../contracts/account/read-models.ts';
import { memoryReadModels } from './memory-read-models.ts';
import { readModelsContract, type ReadModelsWriter } from './read-models-contract.ts';

describe('the read models in memory', () => {
  const models = memoryReadModels();
  const writer: ReadModelsWriter = {
    use: async (name, generation) => void (models.use[name] = generation),
    saveSettled: async (generation, seq) => void (models.of(generation).settled = seq),
    change: async (generation, change) =>
      void models.of(generation).changes.set(change.seq, change),
    account: async (generation, account) =>
      void models.of(generation).accounts.set(account.accountId, account),
    person: async (generation, person) =>
      void models.of(generation).persons.set(person.personId, person),
    listed: async (generation, entry) => void models.of(generation).lists.set(entry._id, entry),
    line: async (generation, accountId, line) =>
      void models.of(generation).lines.set(`${accountId}/${line.version}`, line),
    metadata: async (generation, { accountId, version, metadata }) =>
      void models.of(generation).metadata.set(metadataId(accountId, version), metadata),
    setAside: async (_name, generation, stream) => void models.of(generation).setAside.add(stream),
  };
  readModelsContract(() => ({ models, writer }));
});
