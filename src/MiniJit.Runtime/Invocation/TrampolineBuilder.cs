// A trampoline lets one piece of host code call a function of any signature. It is CLIF, compiled by whatever target compiles
// the function, so every convention and every type that the target knows can be called:
//
//   function %trampoline(i64, i64) HOST {          ; the callee, the values
//       sig0 = the callee's signature
//   block0(v0: i64, v1: i64):
//       v2 = load.T0 notrap little v1              ; argument i from values + 16·i
//       …
//       vr, … = call_indirect sig0, v0(v2, …)
//       store notrap little vr, v1                 ; result i to values + 16·i
//       return
//   }
using System;
using MiniJit.IR;
using MiniJit.IR.Building;

namespace MiniJit.Runtime.Invocation;

internal static class TrampolineBuilder
{
    /// <summary>Bytes per value.</summary>
    public const int SlotSize = 16;

    /// <summary>Arguments and results that one trampoline can pass: offsets of loads and stores are 32 bits wide.</summary>
    private const int SlotLimit = int.MaxValue / SlotSize;

    // Slots need no more than the alignment of their array, and they are there.
    private static readonly MemFlags s_slot = MemFlags.Default.WithNotrap().WithLittle();

    /// <summary>Whether all values of a signature fit into slots; if not, which does not.</summary>
    public static bool CanPass(Signature signature, out string problem)
    {
        problem = "";
        foreach (AbiParam param in signature.Params)
        {
            problem = problem.Length == 0 ? ProblemOf(param, "argument") : problem;
        }

        foreach (AbiParam result in signature.Returns)
        {
            problem = problem.Length == 0 ? ProblemOf(result, "result") : problem;
        }

        if (problem.Length == 0 && Math.Max(signature.Params.Count, signature.Returns.Count) > SlotLimit)
        {
            problem = "there are too many values";
        }

        return problem.Length == 0;
    }

    /// <summary>Builds the trampoline for a signature whose values fit into slots.</summary>
    /// <param name="function">Empty; becomes the trampoline.</param>
    /// <param name="builder">Used to build it.</param>
    /// <param name="name">Its name.</param>
    /// <param name="signature">The callee's; not changed afterwards.</param>
    /// <param name="hostConvention">The convention of native code on the machine that will run it.</param>
    public static void Build(Function function, FunctionBuilder builder, ExternalName name, Signature signature, CallConv hostConvention)
    {
        function.Name = name;
        function.Signature.CallConv = hostConvention;
        function.Signature.Params.Add(new(IrType.I64));
        function.Signature.Params.Add(new(IrType.I64));
        builder.Begin(function);
        Block entry = builder.CreateEntry();
        Value callee = builder.Param(entry, 0), values = builder.Param(entry, 1);
        var arguments = new Value[signature.Params.Count];
        for (int i = 0; i < arguments.Length; i++)
        {
            arguments[i] = builder.Load(signature.Params[i].Type, s_slot, values, i * SlotSize);
        }

        Inst call = builder.CallIndirect(function.AddSignature(signature), callee, arguments);
        for (int i = 0; i < signature.Returns.Count; i++)
        {
            builder.Store(s_slot, function.Dfg.Results(call)[i], values, i * SlotSize);
        }

        builder.Return();
        builder.Finish();
    }

    private static string ProblemOf(AbiParam param, string role) =>
        param.Type.IsDynamicVector || param.Type.Bytes > SlotSize ? $"an {role} of type {param.Type} does not fit into {SlotSize} bytes" : "";
}
