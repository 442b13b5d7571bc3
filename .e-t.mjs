const t=performance.now();const r=()=>Math.round(process.memoryUsage().rss/1048576);
const b=r();await import(process.argv[2]);
console.log(process.argv[2],b,'->',r(),Math.round(performance.now()-t)+'ms cpu', process.cpuUsage().user/1000|0);
