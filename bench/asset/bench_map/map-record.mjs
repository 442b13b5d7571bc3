/** Changes a record in place. The hand-written script that the bench compares with uses it, too. */
export function mapRecord(record) {
  record.total = record.price * record.quantity;
  return record;
}
