export function markedProcesses(variable?: string): Array<{ pid: number; command: string }>;
