using System;

namespace MiniJit.IR.Interpretation;

internal sealed partial class Interpreter
{
    private const int LibraryFlag = 1 << 29;                       // of a function address, beside the routine's number

    private static readonly string s_throwName = "__cranelift_throw";

    /// <summary>Finds what a call reaches.</summary>
    /// <returns>What is wrong, or null.</returns>
    private string? Resolve(DecodedFunction function, int index, in CallData call, ReadOnlySpan<ulong> frame, out CallTarget target)
    {
        if (call.Address < 0)
        {
            return ResolveDirect(function, index, out target);
        }

        ulong address = frame[call.Address];
        (int region, ulong offset) = InterpreterMemory.Split(address, call.NarrowAddress);
        target = (offset & LibraryFlag) != 0
            ? new(CallTargetKind.Library, (int)(offset & (LibraryFlag - 1)))
            : new(CallTargetKind.Function, (int)Math.Min(offset, int.MaxValue));
        bool known = target.Kind == CallTargetKind.Library ? Enum.IsDefined((LibCall)target.Index) : target.Index < _functions.Count;
        return region == InterpreterMemory.FunctionRegion && offset < 2 * LibraryFlag && known ? null : $"call of 0x{address:x}, which is no function";
    }

    private string? ResolveDirect(DecodedFunction function, int index, out CallTarget target)
    {
        ref CallTarget known = ref function.Targets[index];
        if (known.Kind == CallTargetKind.Unresolved)
        {
            known = ResolveName(function.Calls[index].Callee);
        }

        target = known;
        if (known.Kind != CallTargetKind.Missing)
        {
            return null;
        }

        known = default;                                           // it may be added later
        ExternalName name = function.Calls[index].Callee;
        return name.Kind == ExternalNameKind.Symbol && name.Text == s_throwName ? $"{name} (exceptions)" : $"function {name} is not defined";
    }

    private CallTarget ResolveName(ExternalName name)
    {
        if (_byName.TryGetValue(name, out int index))
        {
            return new(CallTargetKind.Function, index);
        }

        if (name.Kind == ExternalNameKind.LibCall)
        {
            return new(CallTargetKind.Library, (int)name.LibCall);
        }

        // The C library's names for the same routines, as a linker would find them.
        foreach (LibCall call in Enum.GetValues<LibCall>())
        {
            if (name.Kind == ExternalNameKind.Symbol && ExternalName.Library(call).LinkerName == name.Text)
            {
                return new(CallTargetKind.Library, (int)call);
            }
        }

        return new(CallTargetKind.Missing, 0);
    }

    private static ulong AddressOf(CallTarget target, bool narrow) => InterpreterMemory.MakeAddress(
        InterpreterMemory.FunctionRegion,
        target.Kind == CallTargetKind.Library ? (ulong)(LibraryFlag | target.Index) : (ulong)target.Index,
        narrow);

    private string? MakeFunctionAddress(DecodedFunction function, int index, out ulong address)
    {
        string? message = ResolveDirect(function, index, out CallTarget target);
        address = message is null ? AddressOf(target, function.Calls[index].NarrowAddress) : 0;
        return message;
    }

    /// <summary>Runs a library routine on words: arguments in, results out, in the same span.</summary>
    private string? CallLibrary(LibCall call, Span<ulong> words, int argWords, int returnWords, out TrapCode trap)
    {
        trap = default;
        (Opcode opcode, IrType type) = call switch
        {
            LibCall.CeilF32 => (Opcode.Ceil, IrType.F32),
            LibCall.CeilF64 => (Opcode.Ceil, IrType.F64),
            LibCall.FloorF32 => (Opcode.Floor, IrType.F32),
            LibCall.FloorF64 => (Opcode.Floor, IrType.F64),
            LibCall.TruncF32 => (Opcode.Trunc, IrType.F32),
            LibCall.TruncF64 => (Opcode.Trunc, IrType.F64),
            LibCall.NearestF32 => (Opcode.Nearest, IrType.F32),
            LibCall.NearestF64 => (Opcode.Nearest, IrType.F64),
            LibCall.FmaF32 => (Opcode.Fma, IrType.F32),
            LibCall.FmaF64 => (Opcode.Fma, IrType.F64),
            LibCall.X86Pshufb => (Opcode.X86Pshufb, IrType.I8X16),
            _ => (Opcode.Invalid, default(IrType)),
        };
        int operands = opcode == Opcode.Invalid ? 3 : opcode.Info().Operands.Length;
        int wordsEach = opcode == Opcode.X86Pshufb ? 2 : 1;
        if (argWords != operands * wordsEach || returnWords != wordsEach)
        {
            return $"library routine {call} with another signature";
        }

        if (opcode != Opcode.Invalid)
        {
            Span<ulong> result = stackalloc ulong[2];
            result.Clear();
            ReadOnlySpan<ulong> y = operands > 1 ? words.Slice(wordsEach, wordsEach) : default, z = operands > 2 ? words.Slice(wordsEach * 2, wordsEach) : default;
            Semantics.TryEvaluate(Operation.Simple(opcode, type), words[..wordsEach], y, z, result[..wordsEach], default, out trap);
            result[..wordsEach].CopyTo(words);
            return null;
        }

        return CallMemoryRoutine(call, words, out trap);
    }

    private string? CallMemoryRoutine(LibCall call, Span<ulong> words, out TrapCode trap)
    {
        trap = default;
        ulong size = words[2];
        if (call is not (LibCall.Memcpy or LibCall.Memmove or LibCall.Memset or LibCall.Memcmp))
        {
            return $"library routine {call}";
        }

        Span<byte> second = default;
        if (!_memory.TryAccess(words[0], false, size, out Span<byte> first)
            || (call != LibCall.Memset && !_memory.TryAccess(words[1], false, size, out second)))
        {
            trap = TrapCode.HeapOutOfBounds;
            return null;
        }

        switch (call)
        {
            case LibCall.Memset:
                first.Fill((byte)words[1]);
                break;
            case LibCall.Memcmp:
                words[0] = (uint)Math.Sign(first.SequenceCompareTo(second));
                break;
            default:
                second.CopyTo(first);                              // overlapping is fine
                break;
        }

        return null;
    }
}
