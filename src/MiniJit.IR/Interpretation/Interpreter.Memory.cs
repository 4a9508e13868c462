using System;

namespace MiniJit.IR.Interpretation;

internal sealed partial class Interpreter
{
    // Why an access failed is found out afterwards: the code is that of its flags.
    private static InterpreterResult Fault(DecodedFunction function, Inst inst)
    {
        TrapCode code = function.Function.Dfg.MemFlagsOf(inst).Trap;
        return InterpreterResult.Trapped(code.IsNone ? TrapCode.HeapOutOfBounds : code, function.Function, inst, "inaccessible or misaligned address");
    }

    private bool TryAccess(in AccessData access, Span<ulong> frame)
    {
        ulong address = frame[access.Address] + (ulong)(long)access.Offset;
        address = access.NarrowAddress ? (uint)address : address;
        int size = access.Memory.Bytes;
        if (!_memory.TryAccess(address, access.NarrowAddress, (ulong)size, out Span<byte> bytes)
            || (access.Flags.IsAligned && (address & (ulong)(size - 1)) != 0))
        {
            return false;
        }

        Span<ulong> x = Words(frame, access.X);
        Span<ulong> result = Words(frame, access.Dst);
        switch (access.Opcode)
        {
            case Opcode.Store or Opcode.Istore8 or Opcode.Istore16 or Opcode.Istore32 or Opcode.AtomicStore:
                Write(bytes, x, access.Flags.IsBig);
                break;
            case Opcode.AtomicRmw:
                Read(bytes, result, access.Flags.IsBig);
                UpdateAtomically(access, bytes, result, x);
                break;
            case Opcode.AtomicCas:
                Read(bytes, result, access.Flags.IsBig);
                if (result.SequenceEqual(Words(frame, access.Expected)))
                {
                    Write(bytes, x, access.Flags.IsBig);
                }

                break;
            default:
                LoadInto(access, bytes, result);
                break;
        }

        return true;
    }

    private static void LoadInto(in AccessData access, ReadOnlySpan<byte> bytes, Span<ulong> result)
    {
        bool signed = access.Opcode is Opcode.Sload8 or Opcode.Sload16 or Opcode.Sload32 or Opcode.Sload8x8 or Opcode.Sload16x4 or Opcode.Sload32x2;
        if (access.Memory == access.Result)
        {
            Read(bytes, result, access.Flags.IsBig);
            return;
        }

        // An extending load has at most 64 bits in memory.
        ulong narrow = 0;
        Read(bytes, new(ref narrow), access.Flags.IsBig);
        result.Clear();
        for (int i = 0; i < access.Result.LaneCount; i++)
        {
            UInt128 lane = Semantics.GetLane(new(in narrow), access.Memory, i);
            Semantics.SetLane(result, access.Result, i, signed ? IntSemantics.SignExtend(lane, access.Memory.LaneBits) : lane);
        }
    }

    private static void UpdateAtomically(in AccessData access, Span<byte> bytes, ReadOnlySpan<ulong> old, ReadOnlySpan<ulong> x)
    {
        IrType type = access.Memory;
        Span<ulong> updated = stackalloc ulong[2];
        UInt128 value = IntSemantics.Atomic(access.Rmw, type.Bits, Semantics.ReadScalar(old, type), Semantics.ReadScalar(x, type));
        Semantics.WriteScalar(updated, type, value);
        Write(bytes, updated, access.Flags.IsBig);
    }

    private static void Read(ReadOnlySpan<byte> bytes, Span<ulong> words, bool big)
    {
        words.Clear();
        for (int i = 0; i < bytes.Length; i++)
        {
            words[i >> 3] |= (ulong)bytes[big ? bytes.Length - 1 - i : i] << ((i & 7) * 8);
        }
    }

    private static void Write(Span<byte> bytes, ReadOnlySpan<ulong> words, bool big)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[big ? bytes.Length - 1 - i : i] = (byte)(words[i >> 3] >> ((i & 7) * 8));
        }
    }

    // The verifier rejects cycles, so the walk to the base ends.
    private string? EvaluateGlobal(DecodedFunction function, ReadOnlySpan<ulong> frame, int index, int bits, out ulong value, out TrapCode trap)
    {
        GlobalValueData data = function.Function.GlobalValues[index];
        value = 0;
        trap = default;
        string? message = null;
        switch (data.Kind)
        {
            case GlobalValueKind.VMContext when function.VMContext >= 0:
                value = frame[function.VMContext];
                break;
            case GlobalValueKind.DynScaleTargetConst:
                value = 1;
                break;
            case GlobalValueKind.IAddImm:
                message = EvaluateGlobal(function, frame, data.Base.Index, bits, out value, out trap);
                value += (ulong)data.Offset;
                break;
            case GlobalValueKind.Load:
                message = EvaluateGlobal(function, frame, data.Base.Index, bits, out ulong pointer, out trap);
                if (message is null && trap.IsNone)
                {
                    bool narrow = bits == 32;
                    ulong address = pointer + (ulong)data.Offset;
                    if (data.Type.Bytes <= 8 && _memory.TryAccess(narrow ? (uint)address : address, narrow, (ulong)data.Type.Bytes, out Span<byte> bytes))
                    {
                        Read(bytes, new(ref value), data.Flags.IsBig);
                    }
                    else
                    {
                        trap = TrapCode.HeapOutOfBounds;
                    }
                }

                break;
            case GlobalValueKind.Symbol:
                if (_data.TryGetValue(data.Name, out ulong offset))
                {
                    value = InterpreterMemory.MakeAddress(InterpreterMemory.DataRegion, offset, bits == 32) + (ulong)data.Offset;
                }
                else if (ResolveName(data.Name) is { Kind: not CallTargetKind.Missing } target)
                {
                    value = AddressOf(target, bits == 32) + (ulong)data.Offset;
                }
                else
                {
                    message = $"symbol {data.Name} is not defined";
                }

                break;
            default:
                message = $"global value {GlobalValue.FromIndex(index)}";
                break;
        }

        value &= IntSemantics.Mask<ulong>(Math.Min(bits, 64));
        return message;
    }
}
