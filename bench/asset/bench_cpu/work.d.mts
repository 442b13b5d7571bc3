export function work(rounds: number, seed?: number): number;
