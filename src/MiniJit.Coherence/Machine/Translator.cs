// A64Instruction → MicroOp. Everything that can be decided once is decided here: operation and size, zero register or stack pointer,
// masks of bit fields, truth tables of conditions, where a branch goes, what is fused.
//
// What has no micro-op of its own is bound: the micro-op points to the instruction and to the operation that executes it
// (FloatUnit, VectorUnit, IntegerUnit), or to the instruction alone for those that the core executes outside of its loop.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Fetch;

namespace MiniJit.Coherence.Machine;

/// <summary>Translates for one machine; owns the instructions that micro-ops point to.</summary>
internal sealed unsafe partial class Translator : IDisposable
{
    private const int BoundPerChunk = 256;

    /// <summary>Words whose translations are remembered: programs consist of few different ones.</summary>
    private const int RememberedWords = 1 << RememberedBits, RememberedBits = 12;

    private readonly Dictionary<uint, nint> _bound = [];
    private readonly List<nint> _chunks = [];
    private readonly TranslatedWord[] _words = new TranslatedWord[RememberedWords];
    private int _used = BoundPerChunk;
    private SingleUnit* _singles;

    /// <summary>Decodes one instruction of a unit in its place.</summary>
    /// <param name="ops">The unit.</param>
    /// <param name="op">Which of its micro-ops.</param>
    public void Decode(MicroOp* ops, MicroOp* op)
    {
        CodeUnitHeader* header = (CodeUnitHeader*)(ops - 1);
        int index = (int)(op - ops);
        Unit unit = new(ops, header->Count, index);
        uint word = header->Words[index];
        ref TranslatedWord known = ref _words[Hash(word)];
        MicroOp result;
        if (known.Word == word && known.IsValid)
        {
            result = known.Op;
        }
        else
        {
            result = Translate(word, unit, out bool hasTarget);
            if (!hasTarget)
            {
                known = new() { Word = word, Op = result, IsValid = true };
            }
        }

        if (index + 1 < header->Count)
        {
            Fuse(ref result, header->Words[index + 1], unit);
        }

        *op = result;
    }

    /// <summary>A unit of one instruction, wherever it stands: nothing in it depends on that. It is good until the next one is asked for.</summary>
    public MicroOp* Single(uint word)
    {
        if (_singles == null)
        {
            nuint bytes = RememberedWords * (nuint)sizeof(SingleUnit);
            _singles = (SingleUnit*)NativeMemory.AlignedAlloc(bytes, 64);
            NativeMemory.Clear(_singles, bytes);
        }

        SingleUnit* unit = _singles + Hash(word);
        if (unit->Word != word || unit->Header.Words == null)
        {
            unit->Word = word;
            unit->Header.Words = &unit->Word;
            unit->Header.Count = 1;
            unit->Op.Op = MicroOpcode.Decode;
            unit->End.Op = MicroOpcode.EndOfUnit;
        }

        return &unit->Op;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_singles);
        _singles = null;
        foreach (nint chunk in _chunks)
        {
            NativeMemory.Free((void*)chunk);
        }

        _chunks.Clear();
        _bound.Clear();
    }

    private static int Hash(uint word) => (int)((word * 0x9E37_79B1) >> (32 - RememberedBits));

    /// <summary>Register operands as indices: 31 as zero register when read, as nothing when written, or as stack pointer.</summary>
    private static byte Source(int register) => (byte)(register == 31 ? CoreState.ZeroRegister : register);

    private static byte Target(int register) => (byte)(register == 31 ? CoreState.Discard : register);

    private MicroOp Translate(uint word, in Unit unit, out bool hasTarget)
    {
        MicroOp op = default;
        hasTarget = false;
        if (!Backend.Arm64.Decode.TryInstruction(word, out A64Instruction i))
        {
            op.Op = MicroOpcode.Undefined;
        }
        else if (!TryImmediate(i, ref op) && !TryRegister(i, ref op) && !(hasTarget = TryBranch(i, unit, ref op)) && !TryMemory(i, ref op)
            && !TrySystem(i, ref op))
        {
            op = default;
            op.Op = MicroOpcode.Bound;
        }

        if (op.Op >= MicroOpcode.Bound && op.Op != MicroOpcode.Undefined)
        {
            op.Imm = (long)Bind(word, i);
            if (op.Op == MicroOpcode.Bound)
            {
                op.Op = ((BoundInstruction*)op.Imm)->Operation == null ? MicroOpcode.Undefined : Floating(i);
                (op.Rd, op.Rn, op.Rm, op.Ra) = (i.Rd, i.Rn, i.Rm, i.Ra);
            }
        }

        return op;
    }

    /// <summary>The opcode of its own that a bound instruction has, or <see cref="MicroOpcode.Bound"/>.</summary>
    private static MicroOpcode Floating(in A64Instruction i) => (i.Form, i.Size) switch
    {
        (A64Form.Fadd, 8) => MicroOpcode.FaddD,
        (A64Form.Fadd, 4) => MicroOpcode.FaddS,
        (A64Form.Fsub, 8) => MicroOpcode.FsubD,
        (A64Form.Fsub, 4) => MicroOpcode.FsubS,
        (A64Form.Fmul, 8) => MicroOpcode.FmulD,
        (A64Form.Fmul, 4) => MicroOpcode.FmulS,
        (A64Form.Fmadd, 8) => MicroOpcode.FmaddD,
        (A64Form.Fmadd, 4) => MicroOpcode.FmaddS,
        (A64Form.Fmsub, 8) => MicroOpcode.FmsubD,
        (A64Form.Fmsub, 4) => MicroOpcode.FmsubS,
        (A64Form.Fcmp or A64Form.Fcmpe, 8) => MicroOpcode.FcmpD,
        (A64Form.Fcmp or A64Form.Fcmpe, 4) => MicroOpcode.FcmpS,
        (A64Form.FmovReg, 8) => MicroOpcode.FmovD,
        (A64Form.FmovReg, 4) => MicroOpcode.FmovS,
        _ => MicroOpcode.Bound,
    };

    /// <summary>The instruction in memory that does not move, with its operation.</summary>
    private BoundInstruction* Bind(uint word, in A64Instruction instruction)
    {
        if (_bound.TryGetValue(word, out nint known))
        {
            return (BoundInstruction*)known;
        }

        if (_used == BoundPerChunk)
        {
            _chunks.Add((nint)NativeMemory.AllocZeroed(BoundPerChunk, (nuint)sizeof(BoundInstruction)));
            _used = 0;
        }

        BoundInstruction* bound = (BoundInstruction*)_chunks[^1] + _used++;
        bound->Instruction = instruction;
        bound->Word = word;
        bound->Operation = IntegerUnit.Bind(instruction);
        if (bound->Operation == null)
        {
            bound->Operation = FloatUnit.Bind(instruction);
        }

        if (bound->Operation == null)
        {
            bound->Operation = VectorUnit.Bind(instruction);
        }

        bound->Structure = VectorUnit.BindStructure(instruction);
        _bound.Add(word, (nint)bound);
        return bound;
    }

    /// <summary>Where an instruction stands.</summary>
    private readonly struct Unit(MicroOp* ops, int count, int index)
    {
        public readonly MicroOp* Ops = ops;
        public readonly int Count = count;
        public readonly int Index = index;

        public Unit Next => new(Ops, Count, Index + 1);

        /// <summary>Distance in bytes from this micro-op to that of a branch's target: in the unit, or the slot of this branch that leaves it.</summary>
        public int DistanceTo(long displacement)
        {
            long target = Index + (displacement / 4);
            if (target >= 0 && target < Count)
            {
                return (int)(target - Index) * MicroOp.Bytes;
            }

            MicroOp* slot = Ops + Count + 1 + Index;
            slot->Op = MicroOpcode.Leave;
            slot->Imm = (Index * 4) + displacement;
            return (Count + 1) * MicroOp.Bytes;
        }
    }

    /// <summary>A word that does not branch, and what becomes of it.</summary>
    private struct TranslatedWord
    {
        public uint Word;
        public bool IsValid;
        public MicroOp Op;
    }

    /// <summary>As <see cref="CodeUnit"/> lays out a unit of one instruction, and the word itself in the end's unused half.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    private struct SingleUnit
    {
        [FieldOffset(0)]
        public CodeUnitHeader Header;

        [FieldOffset(16)]
        public MicroOp Op;

        [FieldOffset(32)]
        public MicroOp End;

        [FieldOffset(40)]
        public uint Word;

        [FieldOffset(48)]
        public MicroOp Leave;
    }
}
