import { ApiError, isApiError } from '../../runtime/cluster/errors.ts';
import { lacking, roleFor } from '../cluster/failures.ts';

/** One line of the doctor: how something is, and what to do where it isn't well. */
export interface Finding {
  check: string;
  level: 'ok' | 'warn' | 'fail';
  message: string;
  remedy?: string;
}

export const ok = (check: string, message: string): Finding => ({ check, level: 'ok', message });
export const warn = (check: string, message: string, remedy?: string): Finding => ({
  check,
  level: 'warn',
  message,
  remedy,
});
export const fail = (check: string, message: string, remedy: string): Finding => ({
  check,
  level: 'fail',
  message,
  remedy,
});

/** The findings of a check, or that it can't be told for want of a permission. Other errors are thrown. */
export async function unlessForbidden(check: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!isApiError(error, 'Forbidden')) throw error;
    const permission = lacking(error.message);
    if (!permission) return [warn(check, `can't be told: ${error.message}`)];
    const { verb, resource, namespace } = permission;
    const where = namespace ? ` in namespace ${namespace}` : '';
    return [warn(check, `can't be told: you may not ${verb} ${resource}${where}`, roleFor(permission))];
  }
}

/** What `wide` reads in the whole cluster, or in one namespace where that is all that one may see. */
export async function asWideAsAllowed<T>(
  read: (namespace: string | undefined) => Promise<T>,
  namespace: string,
): Promise<T> {
  return read(undefined).catch((error: unknown) => {
    if (error instanceof ApiError && error.reason === 'Forbidden') return read(namespace);
    throw error;
  });
}
