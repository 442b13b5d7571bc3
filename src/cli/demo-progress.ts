import cliProgress from 'cli-progress';

/** Where an execution stands. */
export interface Progress {
  status: string;
  /** Slices finished, and how many there will be as far as it is known. */
  slices: number;
  totalSlices: number;
  failed: number;
  /** Records read so far. */
  records: number;
}

export interface ProgressDisplay {
  show(progress: Progress): void;
  close(): void;
}

const RATE_WINDOW = 3_000;

const number = (value: number): string => Math.round(value).toLocaleString('en-US');

/** A live bar in a terminal, else a plain line for each call. */
export function createDisplay(stream: NodeJS.WriteStream): ProgressDisplay {
  const rateOf = createMeter();
  if (!stream.isTTY) {
    return {
      show: (progress) => {
        const { status, slices, totalSlices, records, failed } = progress;
        stream.write(
          `${status}: slices ${number(slices)}/${number(totalSlices)}, records ${number(records)}, ` +
            `${number(rateOf(records))} records/s, failed ${number(failed)}\n`,
        );
      },
      close: () => undefined,
    };
  }
  const bar = new cliProgress.SingleBar({
    format:
      '{bar} {percentage}%  {status}  slices {value}/{total}  records {records}  {rate}/s  failed {failedSlices}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    stream,
  });
  let started = false;
  return {
    show: ({ status, slices, totalSlices, records, failed }) => {
      const rest = { status, records: number(records), rate: number(rateOf(records)), failedSlices: failed };
      if (!started) bar.start(totalSlices, slices, rest);
      started = true;
      bar.setTotal(totalSlices);
      bar.update(slices, rest);
    },
    close: () => {
      if (started) bar.stop();
    },
  };
}

/** Growth of a counter per second, over the last seconds. */
function createMeter(): (value: number) => number {
  const seen: Array<{ at: number; value: number }> = [];
  return (value) => {
    const at = performance.now();
    seen.push({ at, value });
    while (seen.length > 2 && at - seen[0]!.at > RATE_WINDOW) seen.shift();
    const { at: since, value: before } = seen[0]!;
    return at === since ? 0 : ((value - before) / (at - since)) * 1_000;
  };
}
