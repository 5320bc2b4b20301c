import { z } from 'zod';
import { personIdText } from '../http/scalars.ts';

/** Persons of one page of the list of all persons. */
export const PERSON_PAGE_PERSONS = 32;

const sealedPart = z.strictObject({ version: z.int().min(1), sealed: z.string() });

/**
 * Read model of a person. Its personal data stays sealed and is opened only for an answer, so that
 * deleting the key is enough. An erasure removes it all the same.
 */
export const personModel = z.strictObject({
  personId: personIdText,
  status: z.enum(['registered', 'erased']),
  version: z.int().min(1),
  registeredAt: z.string(),
  at: z.string(),
  /** Log position of the last event; a document is replaced only by one with a later position. */
  position: z.int().min(0),
  /** The event that could not be applied; nothing after it is applied but an erasure's wiping. */
  setAside: z.int().min(1).optional(),
  /** How many persons there were before: the place in the list. */
  index: z.int().min(0),
  /** From the event person-registered. */
  profile: sealedPart.optional(),
  /** From the last event person-address-changed. */
  address: sealedPart.optional(),
});
export type PersonModel = z.infer<typeof personModel>;

/** Number of the page with a person, by their index in the list. */
export const personPage = (index: number): number => Math.floor(index / PERSON_PAGE_PERSONS);

/** As MongoDB stores it; found by `_id` or by `page`. */
export interface PersonDocument extends Omit<PersonModel, 'personId'> {
  readonly _id: string;
  readonly page: number;
}

/** The document of a person's read model. */
export const toPersonDocument = ({ personId, ...rest }: PersonModel): PersonDocument => ({
  _id: personId,
  page: personPage(rest.index),
  ...rest,
});

/**
 * The read model in a document.
 * @throws ZodError when the document is not one.
 */
export function ofPersonDocument(document: object): PersonModel {
  const { _id, page: _page, ...rest } = document as PersonDocument;
  return personModel.parse({ personId: _id, ...rest });
}
