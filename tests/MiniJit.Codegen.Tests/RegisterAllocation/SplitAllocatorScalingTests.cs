using System;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using Xunit;

namespace MiniJit.Codegen.Tests.RegisterAllocation;

/// <summary>Measures the processor time of the process, so nothing may run beside it.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;

[Collection(nameof(AloneCollection))]
public sealed class SplitAllocatorScalingTests
{
    [Fact]
    public void Ten_times_the_code_takes_less_than_fifteen_times_the_time()
    {
        SplitAllocator allocator = new();
        VCode small = RealisticCode.Generate(7, 3_000), large = RealisticCode.Generate(7, 30_000);
        AllocationResult result = new();
        TimeOf(allocator, small, result, 100);                 // settle tiering
        double ratio = double.MaxValue;
        for (int attempt = 0; attempt < 8 && ratio >= 15; attempt++)
        {
            ratio = Math.Min(ratio, TimeOf(allocator, large, result, 6) / TimeOf(allocator, small, result, 60) * 10);
        }

        Assert.True(ratio < 15, $"ratio {ratio:F1}");
    }

    private static double TimeOf(SplitAllocator allocator, VCode code, AllocationResult result, int times)
    {
        TimeSpan before = Environment.CpuUsage.UserTime;
        for (int k = 0; k < times; k++)
        {
            allocator.Allocate(code, RealisticCode.Environment, result);
        }

        return (Environment.CpuUsage.UserTime - before).TotalMilliseconds;
    }
}
