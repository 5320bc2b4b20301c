import { clientAccountText, clientIdText } from './texts.ts';

export const idParams = { id: clientAccountText };

export const transferParams = { transferId: clientIdText };

export const holdParams = {
  ...idParams,
  holdId: clientIdText.meta({ description: 'holdId of the outcome that placed the hold' }),
};

export const personParams = { personId: clientIdText.meta({ description: 'person id (UUID)' }) };
