// Code with the proportions of a compiler's output for x86-64: two-address arithmetic, compares, loads and stores, calls
// with arguments and results in fixed registers, nested loops with a handful of loop-carried values, cold exits.
using System.Collections.Generic;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Codegen.Tests.RegisterAllocation;

internal static class RealisticCode
{
    /// <summary>Nine caller-saved and five callee-saved registers per class.</summary>
    public static readonly MachineEnvironment Environment = TestMachine.With(9, 5);

    private static readonly RegSet s_callerSaved = TestMachine.CallerSavedOf(Environment);

    public static VCode Generate(ulong seed, int insts)
    {
        SplitMix64 random = new(seed);
        CodeBuilder builder = new();
        List<VReg> globals = [];
        builder.Block();
        for (int k = 0; k < 4; k++)
        {
            VReg parameter = builder.Int();
            builder.Op(Operand.DefFixed(parameter, PReg.Int(k)));
            globals.Add(parameter);
        }

        VReg real = builder.Float();
        builder.Op(Operand.Def(real));
        int emitted = 5;
        while (emitted < insts)
        {
            emitted += Loop(random, builder, globals, real);
        }

        builder.Return(Operand.UseFixed(globals[^1], PReg.Int(0)));
        return builder.Build();
    }

    /// <summary>A preheader's jump, a header with a condition, a body, a latch and, behind it, the exit block where code goes on.</summary>
    private static int Loop(SplitMix64 random, CodeBuilder builder, List<VReg> globals, VReg real)
    {
        VReg[] carried = builder.Ints(3), next = new VReg[3];
        VReg sum = builder.Float();
        VReg[] initial = [globals[^1], globals[random.Below(globals.Count)], globals[random.Below(globals.Count)]];
        int header = builder.Block(1, false, [.. carried, sum]), before = header - 1;
        builder.Terminate(before, [header], [.. initial, real]);
        builder.Op(header, RegSet.Empty, MachineInstFlags.None, Operand.Use(carried[0]), Operand.UseAny(carried[1]));
        int body = builder.Block(1), exit = body + 1;
        builder.Terminate(header, [body, exit], []);

        List<VReg> locals = [.. carried, globals[random.Below(globals.Count)]];
        int count = random.Between(8, 40);
        VReg total = sum;
        for (int k = 0; k < count; k++)
        {
            VReg a = locals[^(1 + random.Below(System.Math.Min(5, locals.Count)))], b = locals[random.Below(locals.Count)], d = builder.Int();
            switch (random.Below(16))
            {
                case 0:
                    builder.Op(body, s_callerSaved.Without(PReg.Int(0)), MachineInstFlags.Call, Operand.UseFixed(a, PReg.Int(0)), Operand.UseFixed(b, PReg.Int(1)), Operand.DefFixed(d, PReg.Int(0)));
                    break;
                case 1:
                    builder.Op(body, RegSet.Empty, MachineInstFlags.None, Operand.Use(a), Operand.UseFixed(b, PReg.Int(1)), Operand.DefReusing(d, 0));
                    break;
                case 2 or 3:
                    VReg f = builder.Float();
                    builder.Op(body, RegSet.Empty, MachineInstFlags.None, Operand.Use(total), Operand.Use(a), Operand.DefReusing(f, 0));
                    total = f;
                    continue;
                case 4 or 5:
                    builder.Op(body, RegSet.Empty, MachineInstFlags.None, Operand.Use(a), Operand.Use(b));
                    continue;
                case 6 or 7 or 8:
                    builder.Op(body, RegSet.Empty, MachineInstFlags.None, Operand.Use(a), Operand.Def(d));
                    break;
                default:
                    builder.Op(body, RegSet.Empty, MachineInstFlags.None, Operand.Use(a), Operand.UseAny(b), Operand.DefReusing(d, 0));
                    break;
            }

            locals.Add(d);
        }

        for (int k = 0; k < 3; k++)
        {
            next[k] = locals[^(1 + k)];
        }

        builder.Terminate(body, [header], [.. next, total]);
        builder.Block();
        globals.Add(carried[random.Below(3)]);
        if (globals.Count > 8)
        {
            globals.RemoveAt(random.Below(7));
        }

        return count + 4;
    }
}
