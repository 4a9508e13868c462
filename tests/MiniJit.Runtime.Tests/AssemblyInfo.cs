// Memory of freed code waits for every thread of the process that is inside of compiled code, so a test that looks at
// what was given back must not run beside one that keeps threads inside.
using Xunit;

[assembly: CollectionBehavior(DisableTestParallelization = true)]
