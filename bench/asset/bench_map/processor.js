import { MapProcessor } from '#job-components';
import { mapRecord } from './map-record.mjs';

/** The map of the file scenario. */
export default class BenchMap extends MapProcessor {
  map(record) {
    return mapRecord(record);
  }
}
