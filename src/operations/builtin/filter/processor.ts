import { FilterProcessor, get } from '#job-components';
import type { Context, DataEntity, ExecutionConfig } from '#job-components';
import type { FilterConfig } from './interfaces.js';
import { toMatcher } from './matcher.js';

export default class Filter extends FilterProcessor<FilterConfig> {
  private readonly meets: (value: unknown) => boolean;

  constructor(context: Context, opConfig: FilterConfig, executionConfig: ExecutionConfig) {
    super(context, opConfig, executionConfig);
    this.meets = toMatcher(opConfig);
  }

  override filter(record: DataEntity): boolean {
    return this.meets(get(record, this.opConfig.field)) === this.opConfig.invert;
  }
}
