import winston from 'winston';
import type { Log } from '../runtime/reconcile.ts';

export type LogFormat = 'json' | 'text';

function line({ timestamp, level, message, ...fields }: winston.Logform.TransformableInfo): string {
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [String(timestamp).slice(11, 23), level.padEnd(5), message, ...rest].join(' ');
}

/**
 * The process's log, on standard error: JSON lines for machines, one readable line each for a terminal. Messages are
 * constant sentences; what varies is in the fields.
 */
export function createLog(options: { level?: string; format?: LogFormat; file?: string } = {}): Log {
  const { combine, timestamp, json, printf } = winston.format;
  const transport = options.file
    ? new winston.transports.File({ filename: options.file })
    : new winston.transports.Console({ stderrLevels: ['error', 'warn', 'info', 'debug'] });
  const logger = winston.createLogger({
    level: options.level ?? 'info',
    format: combine(timestamp(), options.format === 'text' ? printf(line) : json()),
    transports: [transport],
  });
  return {
    debug: (message, fields) => void logger.debug(message, fields),
    info: (message, fields) => void logger.info(message, fields),
    warn: (message, fields) => void logger.warn(message, fields),
    error: (message, fields) => void logger.error(message, fields),
  };
}
