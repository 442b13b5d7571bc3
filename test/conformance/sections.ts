/**
 * What the rows of cases begin with: a section of the REST reference, of the one of job configurations (J).
 */
export const SECTIONS: ReadonlyMap<string, string> = new Map([
  ['1', 'Routing and wire format'],
  ['1.1', 'Request bodies'],
  ['1.2', 'Error bodies'],
  ['1.3', 'List parameters'],
  ['4.1', 'Submit a job'],
  ['4.2', 'List jobs'],
  ['4.3', 'Read a job'],
  ['4.4', 'Update a job'],
  ['4.5', 'Delete a job'],
  ['4.6', 'Latest execution of a job'],
  ['4.7', 'Mark a job as active'],
  ['5.1', 'Start'],
  ['5.2', 'Stop'],
  ['5.3', 'Pause'],
  ['5.4', 'Resume'],
  ['5.5', 'Recover'],
  ['5.6', 'Workers'],
  ['5.7', 'Settings'],
  ['6', 'Executions'],
  ['7.1', 'Statistics of an execution'],
  ['7.2', 'Controllers'],
  ['7.3', 'Cluster state'],
  ['7.4', 'Cluster statistics'],
  ['7.5', 'Failed slices'],
  ['8', 'Server'],
  ['9', 'Assets'],
  ['10', 'Tables'],
  ['J1', 'Validation of jobs'],
  ['J2', 'Job properties'],
  ['J3', 'Job properties of Kubernetes'],
  ['J4', 'Operations and APIs of a job'],
  ['J5', 'Assets of a job'],
]);

export const sectionOf = (row: string): string => row.split(' ', 1)[0]!;
