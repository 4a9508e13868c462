using System;
using System.Diagnostics;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Codegen.Tests.RegisterAllocation;

public sealed class SplitAllocatorFuzzTests
{
    private const ulong Seed = 0x6d69_6e69_6a69_7421;

    [Theory]
    [InlineData(0, 12_000, 8, 8)]
    [InlineData(1, 6_000, 16, 12)]
    [InlineData(2, 2_000, 3, 60)]
    [InlineData(3, 300, 60, 20)]
    public void Random_functions_are_allocated_correctly(int stream, int count, int maxBlocks, int maxInsts)
    {
        SplitAllocator allocator = new();
        AllocationResult result = new();
        for (int k = 0; k < count; k++)
        {
            ulong seed = Seed + ((ulong)stream << 32) + (ulong)k;
            SplitMix64 random = new(seed);
            MachineEnvironment environment = RandomCode.Environment(random);
            VCode code = RandomCode.Generate(random, environment, maxBlocks, maxInsts);
            string? violation = VCodeValidator.Validate(code);
            Assert.True(violation == null, $"seed {seed:x}: generator: {violation}\n{CodeBuilder.Print(code, null)}");
            try
            {
                allocator.Allocate(code, environment, result);
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed:x}: {exception}\n{CodeBuilder.Print(code, null)}");
            }

            violation = AllocationChecker.Check(code, environment, result);
            Assert.True(violation == null, $"seed {seed:x}: {violation}\n{CodeBuilder.Print(code, result)}");
        }
    }
}
