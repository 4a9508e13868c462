using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using Xunit;

namespace MiniJit.Codegen.Tests.RegisterAllocation;

/// <summary>Register files for tests: registers 0.. are caller-saved, the next ones callee-saved, 31 and 63 scratch.</summary>
internal static class TestMachine
{
    public static readonly PReg P0 = PReg.Int(0), P1 = PReg.Int(1), P2 = PReg.Int(2), P3 = PReg.Int(3);
    public static readonly PReg IntScratch = PReg.Int(31), FloatScratch = PReg.Float(31);

    public static MachineEnvironment With(int callerSaved, int calleeSaved)
    {
        PReg[] caller = new PReg[callerSaved * 2], callee = new PReg[calleeSaved * 2];
        for (int i = 0; i < callerSaved; i++)
        {
            caller[i] = PReg.Int(i);
            caller[i + callerSaved] = PReg.Float(i);
        }

        for (int i = 0; i < calleeSaved; i++)
        {
            callee[i] = PReg.Int(callerSaved + i);
            callee[i + calleeSaved] = PReg.Float(callerSaved + i);
        }

        return new MachineEnvironment(caller, callee, IntScratch, FloatScratch);
    }

    /// <summary>The registers that a call does not keep.</summary>
    public static RegSet CallerSavedOf(MachineEnvironment environment)
    {
        RegSet result = RegSet.Empty;
        foreach (PReg register in environment.CallerSaved)
        {
            result = result.With(register);
        }

        return result;
    }

    /// <summary>Validates, allocates and checks.</summary>
    public static AllocationResult Allocate(VCode code, MachineEnvironment environment)
    {
        Assert.Null(VCodeValidator.Validate(code));
        AllocationResult result = new();
        new SplitAllocator().Allocate(code, environment, result);
        string? violation = AllocationChecker.Check(code, environment, result);
        Assert.True(violation == null, violation + "\n" + CodeBuilder.Print(code, result));
        return result;
    }
}
