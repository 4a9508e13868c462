// The calling conventions of AArch64 (calling-convention reference, sections 3 to 5): one row per convention, and the assignment of
// places that follows from a row. Procedure Call Standard for the Arm 64-bit Architecture (AAPCS64); Apple's changes to it.
using System;
using MiniJit.Codegen.Abi;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using static MiniJit.Backend.Arm64.Registers;

namespace MiniJit.Backend.Arm64;

/// <summary>What distinguishes one convention from another.</summary>
/// <param name="FirstInt">Number of the first general register that carries arguments and results; x7 is the last.</param>
/// <param name="Saved">Registers that a function of this convention preserves; of float registers only 64 bits, unless it preserves all.</param>
/// <param name="SurvivesCall">Registers that callers may rely on: the same, except for winch.</param>
/// <param name="CalleePops">Whether the callee removes the stack arguments.</param>
internal sealed record ConventionRow(int FirstInt, RegSet Saved, RegSet SurvivesCall, bool CalleePops = false);

internal static class Abi
{
    private const int StackAreaLimit = 128 << 20, ArgRegisters = 8;

    // Registers that are never allocated (x16 to x18, fp, lr, v31) are nobody's to save.
    private static readonly RegSet s_allInts = RegSet.Range(X(0), X(15)) | RegSet.Range(X(19), X(28));
    private static readonly RegSet s_all = s_allInts | RegSet.Range(V(0), V(30));
    private static readonly RegSet s_standardSaved = RegSet.Range(X(19), X(28)) | RegSet.Range(V(8), V(15));

    private static readonly ConventionRow
        s_standard = new(0, s_standardSaved, s_standardSaved),
        s_tail = new(2, s_standardSaved, s_standardSaved, CalleePops: true),
        s_winch = new(0, s_standardSaved, RegSet.Empty.With(X(28))),
        s_preserveAll = new(0, s_all, s_all);

    private static readonly MachineEnvironment
        s_environment = Environment(pinned: false, wide: false), s_pinnedEnvironment = Environment(pinned: true, wide: false),
        s_wideEnvironment = Environment(pinned: false, wide: true), s_widePinnedEnvironment = Environment(pinned: true, wide: true);

    /// <summary>The registers of a function; <paramref name="wide"/> if it has values of 128 bits.</summary>
    public static MachineEnvironment EnvironmentOf(SharedSettings settings, bool wide) => settings.EnablePinnedReg
        ? wide ? s_widePinnedEnvironment : s_pinnedEnvironment
        : wide ? s_wideEnvironment : s_environment;

    /// <summary>The registers that a function of this convention must preserve.</summary>
    public static RegSet CalleeSaved(CallConv convention, SharedSettings settings)
    {
        RegSet saved = Row(convention).Saved;
        return settings.EnablePinnedReg ? saved.Without(Pinned) : saved;
    }

    /// <summary>What a function that writes <paramref name="written"/> has to save.</summary>
    /// <param name="convention">Its own convention.</param>
    /// <param name="settings">Shared settings.</param>
    /// <param name="written">Registers that it, or what it calls, changes.</param>
    /// <param name="calls">Whether it calls anything: others keep only half of v8 to v15, which preserve_all must keep whole.</param>
    public static RegSet ToSave(CallConv convention, SharedSettings settings, RegSet written, bool calls)
    {
        RegSet halves = calls && convention == CallConv.PreserveAll ? RegSet.Range(V(8), V(15)) : RegSet.Empty;
        return (written | halves) & CalleeSaved(convention, settings);
    }

    /// <summary>Bytes of each float register that the convention preserves.</summary>
    public static int FloatSaveSize(CallConv convention) => convention == CallConv.PreserveAll ? 16 : 8;

    /// <summary>Assigns places to the parameters and results of <paramref name="signature"/>.</summary>
    public static void Assign(Signature signature, SharedSettings settings, AbiAssignment assignment)
    {
        assignment.Clear();
        CallConv convention = signature.CallConv;
        if (convention == CallConv.Probestack)
        {
            assignment.Error = $"calling convention `{convention.Text()}` is not supported on aarch64";
            return;
        }

        ConventionRow row = Row(convention);
        assignment.CalleePops = row.CalleePops;
        assignment.PacksStackArgs = convention == CallConv.AppleAarch64;

        // Of v8 to v15 a callee keeps 64 bits: EnvironmentOf gives them to functions without wider values only.
        assignment.ThrowClobbers = settings.EnablePinnedReg ? s_all.Without(Pinned) : s_all;
        assignment.Clobbers = assignment.ThrowClobbers - row.SurvivesCall;
        AssignReturns(signature, settings, row, assignment);
        AssignParams(signature, row, assignment);
        if (assignment.ArgAreaSize > StackAreaLimit || assignment.ReturnAreaSize > StackAreaLimit)
        {
            assignment.Error ??= "the stack arguments or results exceed 128 MiB";
        }
    }

    private static ConventionRow Row(CallConv convention) => convention switch
    {
        CallConv.Tail => s_tail,
        CallConv.Winch => s_winch,
        CallConv.PreserveAll => s_preserveAll,
        _ => s_standard,
    };

    private static void AssignReturns(Signature signature, SharedSettings settings, ConventionRow row, AbiAssignment assignment)
    {
        bool isWinch = signature.CallConv == CallConv.Winch;
        PartAssigner parts = new(row, signature.CallConv, assignment);
        int position = 0;
        foreach (AbiParam result in signature.Returns)
        {
            if (signature.CallConv == CallConv.PreserveAll)
            {
                assignment.Error ??= "unsupported: results of a preserve_all function on aarch64";
            }

            // winch passes only the last result in a register.
            parts.MayUseRegisters = !isWinch || ++position == signature.Returns.Count;
            parts.Assign(result, isResult: true);
        }

        int offset = parts.Offset;
        if (isWinch && offset > 0)
        {
            offset = assignment.PackReturnsReversed(signature);
        }

        if (offset > 0)
        {
            assignment.HasReturnPointer = true;
            assignment.ReturnPointer = AbiPart.Reg(IrType.I64, ArgumentExtension.None, X(isWinch ? 0 : 8));
            assignment.ReturnAreaSize = (offset + 15) & -16;
            if (!settings.EnableMultiRetImplicitSret && !isWinch)
            {
                assignment.Error ??= "unsupported: too many return values for the result registers (enable_multi_ret_implicit_sret is off)";
            }
        }
    }

    private static void AssignParams(Signature signature, ConventionRow row, AbiAssignment assignment)
    {
        PartAssigner parts = new(row, signature.CallConv, assignment) { MayUseRegisters = true };
        if (assignment.HasReturnPointer && assignment.ReturnPointer.Register == X(0))
        {
            parts.SkipInt();
        }

        foreach (AbiParam param in signature.Params)
        {
            switch (param.Purpose)
            {
                case ArgumentPurpose.StructArgument:
                    assignment.Error ??= "unsupported: struct arguments (sarg) on aarch64";
                    parts.Assign(param, isResult: false);
                    break;
                case ArgumentPurpose.StructReturn:
                    if (signature.CallConv == CallConv.Tail || param.Type != IrType.I64)
                    {
                        assignment.Error ??= "unsupported: sret in the tail convention, or not an i64, on aarch64";
                    }

                    assignment.Params.Add(new(AbiSlotKind.Parts, param.Purpose, assignment.Parts.Count, 1, 0, 0));
                    assignment.Parts.Add(AbiPart.Reg(IrType.I64, ArgumentExtension.None, X(8)));
                    break;
                default:
                    parts.Assign(param, isResult: false);
                    break;
            }
        }

        assignment.ArgAreaSize = (parts.Offset + 15) & -16;
    }

    // What a call destroys first, because it costs nothing to use; then what must be saved.
    private static MachineEnvironment Environment(bool pinned, bool wide)
    {
        RegSet saved = pinned ? s_standardSaved.Without(Pinned) : s_standardSaved;
        saved = wide ? saved & s_allInts : saved;
        return new(ToArray(s_all - s_standardSaved), ToArray(saved), IntScratch, FloatScratch);
    }

    private static PReg[] ToArray(RegSet set)
    {
        PReg[] registers = new PReg[set.Count];
        for (int i = 0; i < registers.Length; i++)
        {
            registers[i] = set.First;
            set = set.WithoutFirst;
        }

        return registers;
    }

    /// <summary>Assigns parameters or results, left to right.</summary>
    private ref struct PartAssigner(ConventionRow row, CallConv convention, AbiAssignment assignment)
    {
        private int _ints = row.FirstInt, _floats;

        /// <summary>Bytes of the stack area so far.</summary>
        public int Offset { get; private set; }

        public bool MayUseRegisters { get; set; }

        public void SkipInt() => _ints++;

        public void Assign(AbiParam param, bool isResult)
        {
            if (param.Type.Bits > 128 || param.Type.IsDynamicVector)
            {
                assignment.Error ??= $"unsupported: values of type {param.Type} in signatures on aarch64";
            }

            int firstPart = assignment.Parts.Count, count = 1;
            if (param.Type == IrType.I128)
            {
                AssignPair();
                count = 2;
            }
            else
            {
                // Only Apple's convention extends.
                ArgumentExtension extension = convention == CallConv.AppleAarch64 ? param.Extension : ArgumentExtension.None;
                assignment.Parts.Add(Next(param.Type, extension, isResult));
            }

            (isResult ? ref assignment.Returns : ref assignment.Params).Add(new(AbiSlotKind.Parts, param.Purpose, firstPart, count, 0, 0));
        }

        // An even register and the next one, or 16 bytes of stack; then what is left of the registers stays for others.
        private void AssignPair()
        {
            int first = convention == CallConv.AppleAarch64 ? _ints : (_ints + 1) & ~1;
            if (MayUseRegisters && first + 2 <= ArgRegisters)
            {
                _ints = first + 2;
                assignment.Parts.Add(AbiPart.Reg(IrType.I64, ArgumentExtension.None, X(first)));
                assignment.Parts.Add(AbiPart.Reg(IrType.I64, ArgumentExtension.None, X(first + 1)));
                return;
            }

            Offset = (Offset + 15) & -16;
            assignment.Parts.Add(AbiPart.Stack(IrType.I64, ArgumentExtension.None, Offset));
            assignment.Parts.Add(AbiPart.Stack(IrType.I64, ArgumentExtension.None, Offset + 8));
            Offset += 16;
        }

        private AbiPart Next(IrType type, ArgumentExtension extension, bool isResult)
        {
            if (MayUseRegisters && type.IsInt && _ints < ArgRegisters)
            {
                return AbiPart.Reg(type, extension, X(_ints++));
            }

            if (MayUseRegisters && !type.IsInt && _floats < ArgRegisters)
            {
                return AbiPart.Reg(type, extension, V(_floats++));
            }

            bool packed = convention == CallConv.AppleAarch64 && !(isResult && extension != ArgumentExtension.None);
            int size = packed ? type.Bytes : Math.Max(8, type.Bytes);
            Offset = (Offset + size - 1) & -size;
            AbiPart part = AbiPart.Stack(type, extension, Offset);
            Offset += size;
            return part;
        }
    }
}
