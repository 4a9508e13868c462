// The calling conventions of x86-64 (calling-convention reference, section 2): one row per convention, and the
// assignment of places that follows from a row. System V AMD64 ABI 3.2.3; Microsoft x64 calling convention.
using System;
using MiniJit.Codegen.Abi;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using static MiniJit.Backend.X64.Registers;

namespace MiniJit.Backend.X64;

/// <summary>What distinguishes one convention from another.</summary>
/// <param name="IntArgs">Integer argument registers.</param>
/// <param name="FloatArgs">Number of xmm argument registers, from xmm0.</param>
/// <param name="IntResults">Integer result registers.</param>
/// <param name="FloatResults">Number of xmm result registers, from xmm0.</param>
/// <param name="CalleeSaved">Registers that survive a call.</param>
/// <param name="Positional">Whether an argument's position picks its register in both files (Microsoft).</param>
/// <param name="HomeSpace">Bytes that the caller reserves below the stack arguments.</param>
/// <param name="CalleePops">Whether the callee removes the stack arguments.</param>
internal sealed record ConventionRow(
    PReg[] IntArgs, int FloatArgs, PReg[] IntResults, int FloatResults, RegSet CalleeSaved, bool Positional = false, int HomeSpace = 0,
    bool CalleePops = false);

internal static class Abi
{
    private const int StackAreaLimit = 128 << 20;

    private static readonly PReg[] s_systemVArgs = [Rdi, Rsi, Rdx, Rcx, R8, R9];
    private static readonly RegSet s_allInts = RegSet.Range(Rax, R15).Without(Rsp).Without(Rbp);
    private static readonly RegSet s_all = s_allInts | RegSet.Range(Xmm0, Xmm15);
    private static readonly RegSet s_systemVSaved = RegSet.Empty.With(Rbx).With(R12).With(R13).With(R14).With(R15);
    private static readonly RegSet s_windowsSaved = s_systemVSaved.With(Rsi).With(Rdi) | RegSet.Range(Xmm(6), Xmm(15));

    private static readonly ConventionRow
        s_systemV = new(s_systemVArgs, 8, [Rax, Rdx], 2, s_systemVSaved),
        s_systemVExtended = new(s_systemVArgs, 8, [Rax, Rdx, Rcx], 2, s_systemVSaved),
        s_tail = new(s_systemVArgs, 8, [Rax, Rcx, Rdx, Rsi, Rdi, R8, R9, R10], 8, s_systemVSaved, CalleePops: true),
        s_windows = new([Rcx, Rdx, R8, R9], 4, [Rax, Rdx], 1, s_windowsSaved, Positional: true, HomeSpace: 32),
        s_winch = new(s_systemVArgs, 8, [Rax], 1, RegSet.Empty),
        s_preserveAll = new(s_systemVArgs, 8, [], 0, s_all);

    // The allocator's registers: what a call destroys first, because it costs nothing to use; then what must be saved.
    private static readonly MachineEnvironment
        s_systemVEnvironment = Environment([Rsi, Rdi, Rax, Rcx, Rdx, R8, R9, R10], [Rbx, R12, R14, R15, R13], 0),
        s_systemVPinned = Environment([Rsi, Rdi, Rax, Rcx, Rdx, R8, R9, R10], [Rbx, R12, R14, R13], 0),
        s_windowsEnvironment = Environment([Rax, Rcx, Rdx, R8, R9, R10], [Rsi, Rdi, Rbx, R12, R14, R15, R13], 6),
        s_windowsPinned = Environment([Rax, Rcx, Rdx, R8, R9, R10], [Rsi, Rdi, Rbx, R12, R14, R13], 6);

    public static ConventionRow Row(CallConv convention, SharedSettings settings) => convention switch
    {
        CallConv.Tail => s_tail,
        CallConv.WindowsFastcall => s_windows,
        CallConv.Winch => s_winch,
        CallConv.PreserveAll => s_preserveAll,
        _ => settings.EnableLlvmAbiExtensions ? s_systemVExtended : s_systemV,
    };

    public static MachineEnvironment EnvironmentOf(CallConv convention, SharedSettings settings) =>
        convention == CallConv.WindowsFastcall
            ? settings.EnablePinnedReg ? s_windowsPinned : s_windowsEnvironment
            : settings.EnablePinnedReg ? s_systemVPinned : s_systemVEnvironment;

    /// <summary>The registers that a function of this convention must preserve.</summary>
    public static RegSet CalleeSaved(CallConv convention, SharedSettings settings)
    {
        RegSet saved = Row(convention, settings).CalleeSaved;
        return settings.EnablePinnedReg ? saved.Without(Pinned) : saved;
    }

    /// <summary>Whether the backend can compile calls and functions of this convention.</summary>
    public static bool IsSupported(CallConv convention) => convention is not (CallConv.AppleAarch64 or CallConv.Probestack);

    /// <summary>Assigns places to the parameters and results of <paramref name="signature"/>.</summary>
    public static void Assign(Signature signature, SharedSettings settings, AbiAssignment assignment)
    {
        assignment.Clear();
        CallConv convention = signature.CallConv;
        if (!IsSupported(convention))
        {
            assignment.Error = $"calling convention `{convention.Text()}` is not supported on x86_64";
            return;
        }

        ConventionRow row = Row(convention, settings);
        assignment.CalleePops = row.CalleePops;
        assignment.ThrowClobbers = settings.EnablePinnedReg ? s_all.Without(Pinned) : s_all;
        assignment.Clobbers = assignment.ThrowClobbers - row.CalleeSaved;
        AssignReturns(signature, settings, row, assignment);
        new ArgumentAssigner(row, convention, settings, assignment).Assign(signature);
        if (assignment.ArgAreaSize > StackAreaLimit || assignment.ReturnAreaSize > StackAreaLimit)
        {
            assignment.Error ??= "the stack arguments or results exceed 128 MiB";
        }
    }

    private static void AssignReturns(Signature signature, SharedSettings settings, ConventionRow row, AbiAssignment assignment)
    {
        int ints = 0, floats = 0, offset = 0, position = 0;
        bool isWinch = signature.CallConv == CallConv.Winch;
        foreach (AbiParam result in signature.Returns)
        {
            // winch passes only the last result in a register.
            bool mayUseRegister = !isWinch || ++position == signature.Returns.Count;
            int firstPart = assignment.Parts.Count;
            CheckType(result.Type, signature.CallConv, settings, assignment);
            int halves = result.Type == IrType.I128 ? 2 : 1;
            IrType type = halves == 2 ? IrType.I64 : result.Type;
            for (int i = 0; i < halves; i++)
            {
                if (type.IsInt ? mayUseRegister && ints < row.IntResults.Length : mayUseRegister && floats < row.FloatResults)
                {
                    PReg register = type.IsInt ? row.IntResults[ints++] : Xmm(floats++);
                    assignment.Parts.Add(AbiPart.Reg(type, result.Extension, register));
                }
                else
                {
                    int size = Math.Max(8, type.Bytes);
                    offset = (offset + size - 1) & -size;
                    assignment.Parts.Add(AbiPart.Stack(type, result.Extension, offset));
                    offset += size;
                }
            }

            assignment.Returns.Add(new(AbiSlotKind.Parts, result.Purpose, firstPart, halves, 0, 0));
        }

        if (isWinch && offset > 0)
        {
            offset = assignment.PackReturnsReversed(signature);
        }

        if (offset > 0)
        {
            assignment.HasReturnPointer = true;
            assignment.ReturnAreaSize = (offset + 15) & -16;
            if (!settings.EnableMultiRetImplicitSret && !isWinch)
            {
                assignment.Error ??= "unsupported: too many return values for the result registers (enable_multi_ret_implicit_sret is off)";
            }
        }
    }

    private static void CheckType(IrType type, CallConv convention, SharedSettings settings, AbiAssignment assignment)
    {
        if (type.Bits > 128 || type.IsDynamicVector)
        {
            assignment.Error ??= $"unsupported: values of type {type} in signatures on x86_64";
        }
        else if (type == IrType.I128 && !settings.EnableLlvmAbiExtensions && convention != CallConv.Tail)
        {
            assignment.Error ??= "unsupported: i128 in signatures needs enable_llvm_abi_extensions on x86_64";
        }
        else if (type.IsFloat && type.Bits is 16 or 128 && convention == CallConv.WindowsFastcall && !settings.EnableLlvmAbiExtensions)
        {
            assignment.Error ??= $"unsupported: {type} in windows_fastcall signatures needs enable_llvm_abi_extensions";
        }
    }

    private static MachineEnvironment Environment(PReg[] callerSaved, PReg[] calleeSaved, int firstSavedXmm)
    {
        int free = firstSavedXmm == 0 ? 15 : firstSavedXmm;
        PReg[] caller = new PReg[callerSaved.Length + free];
        callerSaved.CopyTo(caller, 0);
        for (int i = 0; i < free; i++)
        {
            caller[callerSaved.Length + i] = Xmm(i);
        }

        PReg[] callee = new PReg[calleeSaved.Length + 15 - free];
        calleeSaved.CopyTo(callee, 0);
        for (int i = free; i < 15; i++)
        {
            callee[calleeSaved.Length + i - free] = Xmm(i);
        }

        return new(caller, callee, IntScratch, FloatScratch);
    }

    /// <summary>Assigns the parameters, left to right.</summary>
    private ref struct ArgumentAssigner(ConventionRow row, CallConv convention, SharedSettings settings, AbiAssignment assignment)
    {
        private int _ints, _floats, _position, _offset = row.HomeSpace;

        public void Assign(Signature signature)
        {
            if (assignment.HasReturnPointer)
            {
                assignment.ReturnPointer = Next(IrType.I64, ArgumentExtension.None);
            }

            foreach (AbiParam param in signature.Params)
            {
                AssignParam(param);
            }

            int references = (_offset + 15) & -16;
            foreach (ref AbiSlot slot in assignment.Params.Span)
            {
                if (slot.Kind == AbiSlotKind.Reference)
                {
                    slot = slot with { Offset = references };
                    references += 16;
                }
            }

            assignment.ArgAreaSize = references;
        }

        private void AssignParam(AbiParam param)
        {
            CheckType(param.Type, convention, settings, assignment);
            int firstPart = assignment.Parts.Count;
            if (param.Purpose == ArgumentPurpose.StructArgument)
            {
                int size = ((int)param.StructSize + 7) & -8;
                assignment.Params.Add(new(AbiSlotKind.StructOnStack, param.Purpose, firstPart, 0, _offset, size));
                _offset += size;
                return;
            }

            if (convention == CallConv.WindowsFastcall && param.Type.Bits == 128 && !param.Type.IsInt)
            {
                assignment.Parts.Add(Next(IrType.I64, ArgumentExtension.None));
                assignment.Params.Add(new(AbiSlotKind.Reference, param.Purpose, firstPart, 1, 0, 16));
                return;
            }

            if (param.Type == IrType.I128)
            {
                AssignPair();
                assignment.Params.Add(new(AbiSlotKind.Parts, param.Purpose, firstPart, 2, 0, 0));
                return;
            }

            assignment.Parts.Add(Next(param.Type, param.Extension));
            assignment.Params.Add(new(AbiSlotKind.Parts, param.Purpose, firstPart, 1, 0, 0));
        }

        // System V wants both halves in registers or both in memory, and counts two registers either way.
        private void AssignPair()
        {
            if (convention == CallConv.SystemV && _ints + 2 > row.IntArgs.Length)
            {
                _ints = row.IntArgs.Length;
                _offset = (_offset + 15) & -16;
                assignment.Parts.Add(AbiPart.Stack(IrType.I64, ArgumentExtension.None, _offset));
                assignment.Parts.Add(AbiPart.Stack(IrType.I64, ArgumentExtension.None, _offset + 8));
                _offset += 16;
                return;
            }

            assignment.Parts.Add(Next(IrType.I64, ArgumentExtension.None));
            assignment.Parts.Add(Next(IrType.I64, ArgumentExtension.None));
        }

        private AbiPart Next(IrType type, ArgumentExtension extension)
        {
            int position = _position++;
            if (type.IsInt)
            {
                int number = row.Positional ? position : _ints;
                if (number < row.IntArgs.Length)
                {
                    _ints++;
                    return AbiPart.Reg(type, extension, row.IntArgs[number]);
                }
            }
            else
            {
                int number = row.Positional ? position : _floats;
                if (number < row.FloatArgs)
                {
                    _floats++;
                    return AbiPart.Reg(type, extension, Xmm(number));
                }
            }

            int size = Math.Max(8, type.Bytes);
            _offset = (_offset + size - 1) & -size;
            AbiPart part = AbiPart.Stack(type, extension, _offset);
            _offset += size;
            return part;
        }
    }
}
