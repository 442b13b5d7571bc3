import { DataEntity, MapProcessor } from '#job-components';
import type { KeepFieldConfig } from './interfaces.js';

export default class KeepField extends MapProcessor<KeepFieldConfig> {
  override map(record: DataEntity): DataEntity {
    const names = [this.opConfig.field].flat();
    const kept = Object.fromEntries(
      names.filter((name) => Object.hasOwn(record, name)).map((name) => [name, record[name] as unknown]),
    );
    return DataEntity.make(kept, record.getMetadata());
  }
}
