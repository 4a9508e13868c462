// The dispatch loop: decoded micro-ops in, registers and memory changed. Everything that is frequent happens here without a call;
// the rest leaves through the labels at the end.
//
// How it is fast:
//   * a switch over fewer than 2,000 basic blocks, so that the JIT optimises the method, with a handful of locals that stay in registers;
//   * one method, long and alike from case to case: a helper that the JIT does not inline spills those locals, and one that takes the access
//     as a parameter decides again what decoding has decided. So each transfer spells out its check, and its addressing modes jump to it;
//   * a micro-op is a position in an array, so the next one is an addition away, and so is the target of a branch inside of the unit;
//   * flags are kept as the words they are computed from (CoreState.Flags), which costs stores instead of arithmetic;
//   * a guest's access to memory is a tag comparison and a host's access (HotState.Translations);
//   * the turn's end is a position too: `limit` lies as far behind `ip` as instructions are left, and moves along with every jump, so
//     that instructions are counted where control is transferred and nowhere else.
//
// Measured, not guessed: `minijit machine --stats` and the machine's lines of `minijit bench`.
using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using MiniJit.Coherence.Arithmetic;
using MiniJit.Coherence.Memory;
using static MiniJit.Coherence.Machine.MicroOpcode;

namespace MiniJit.Coherence.Machine;

internal sealed unsafe partial class Core
{
    private const int N = CoreState.NegativeWord, Z = CoreState.ZeroWord, C = CoreState.CarryWord, V = CoreState.OverflowWord;

    /// <summary>Where the vector registers begin, in words from x0.</summary>
    private const int VectorBase = 38;

    /// <summary>
    /// Executes from the state's program counter until the turn is over or something happens that the loop cannot handle. The
    /// state is complete and consistent afterwards.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private StopReason Dispatch()
    {
        HotState* h = _hot;
        ulong* x = (ulong*)h;
        Vector128<ulong>* vectors = (Vector128<ulong>*)(x + VectorBase);
        TranslationEntry* translations = (TranslationEntry*)&h->Translations, e;
        ulong pc = h->State.Pc;
        long left = h->Left;
        ulong a = 0, b, r;
        byte* p;

        while (true)
        {
            // Enter the unit at pc, with `left` to go.
            if (left <= 0)
            {
                h->State.Pc = pc;
                h->Left = left;
                return StopReason.TurnOver;
            }

            FetchEntry* fetch = (FetchEntry*)&h->Fetches + ((pc >> _unitBits) % HotState.Entries);
            if (fetch->Tag == (pc & _unitMask))
            {
                h->UnitAddress = fetch->Tag;
                h->UnitOps = fetch->Ops;
            }
            else if (EnterUnit(pc, left) is not Entered and StopReason stop)
            {
                return stop;
            }

            MicroOp* ip = (MicroOp*)((byte*)h->UnitOps + ((pc - h->UnitAddress) * MicroOp.PerInstructionByte));
            byte* limit = (byte*)ip + left;
            for (; ; ip++)
            {
            Execute:
                switch (ip->Op)
                {
                    case Decode:    _translator.Decode(h->UnitOps, ip); goto Execute;
                    case EndOfUnit:
                        pc = AddressOf(h, ip);
                        left = limit - (byte*)ip;
                        goto Enter;

                    case Leave:
                        pc = h->UnitAddress + (ulong)ip->Imm;
                        left = limit - (byte*)ip;
                        goto Enter;

                    case Nop:       break;

                    // Moves and immediates
                    case MovImm:    x[ip->Rd] = (ulong)ip->Imm; break;
                    case Mov64:     x[ip->Rd] = x[ip->Rm]; break;
                    case Mov32:     x[ip->Rd] = (uint)x[ip->Rm]; break;
                    case Movk:      x[ip->Rd] = (x[ip->Rd] & ~(0xFFFFul << ip->Aux)) | (ulong)ip->Imm; break;
                    case Adr:       x[ip->Rd] = AddressOf(h, ip) + (ulong)ip->Imm; break;
                    case Adrp:      x[ip->Rd] = (AddressOf(h, ip) & ~0xFFFul) + (ulong)ip->Imm; break;
                    case AddImm64:  x[ip->Rd] = x[ip->Rn] + (ulong)ip->Imm; break;
                    case AddImm32:  x[ip->Rd] = (uint)(x[ip->Rn] + (ulong)ip->Imm); break;
                    case AndImm:    x[ip->Rd] = x[ip->Rn] & (ulong)ip->Imm; break;
                    case OrrImm64:  x[ip->Rd] = x[ip->Rn] | (ulong)ip->Imm; break;
                    case OrrImm32:  x[ip->Rd] = (uint)(x[ip->Rn] | (ulong)ip->Imm); break;
                    case EorImm64:  x[ip->Rd] = x[ip->Rn] ^ (ulong)ip->Imm; break;
                    case EorImm32:  x[ip->Rd] = (uint)(x[ip->Rn] ^ (ulong)ip->Imm); break;
                    // Flags of sums and differences; the 32-bit ones are kept sign-extended
                    case AddsImm64: a = x[ip->Rn]; b = (ulong)ip->Imm; r = a + b; SumFlags64(x, a, b, r); x[ip->Rd] = r; break;
                    case AddsImm32: a = x[ip->Rn]; b = (ulong)ip->Imm; r = a + b; SumFlags32(x, a, b, r); x[ip->Rd] = (uint)r; break;
                    case Adds64:    a = x[ip->Rn]; b = x[ip->Rm]; r = a + b; SumFlags64(x, a, b, r); x[ip->Rd] = r; break;
                    case Adds32:    a = x[ip->Rn]; b = x[ip->Rm]; r = a + b; SumFlags32(x, a, b, r); x[ip->Rd] = (uint)r; break;
                    case SubsImm64: a = x[ip->Rn]; b = (ulong)ip->Imm; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r; break;
                    case SubsImm32: a = x[ip->Rn]; b = (ulong)ip->Imm; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r; break;
                    case Subs64:    a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r; break;
                    case Subs32:    a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r; break;
                    // Flags of logical operations
                    case AndsImm64: r = x[ip->Rn] & (ulong)ip->Imm; LogicFlags(x, r); x[ip->Rd] = r; break;
                    case AndsImm32: r = x[ip->Rn] & (ulong)ip->Imm; LogicFlags(x, r << 32); x[ip->Rd] = r; break;
                    case Ands64:    r = x[ip->Rn] & x[ip->Rm]; LogicFlags(x, r); x[ip->Rd] = r; break;
                    case Ands32:    r = (uint)(x[ip->Rn] & x[ip->Rm]); LogicFlags(x, r << 32); x[ip->Rd] = r; break;
                    case Bics64:    r = x[ip->Rn] & ~x[ip->Rm]; LogicFlags(x, r); x[ip->Rd] = r; break;
                    case Bics32:    r = (uint)(x[ip->Rn] & ~x[ip->Rm]); LogicFlags(x, r << 32); x[ip->Rd] = r; break;
                    // Two registers
                    case Add64:     x[ip->Rd] = x[ip->Rn] + x[ip->Rm]; break;
                    case Add32:     x[ip->Rd] = (uint)(x[ip->Rn] + x[ip->Rm]); break;
                    case Sub64:     x[ip->Rd] = x[ip->Rn] - x[ip->Rm]; break;
                    case Sub32:     x[ip->Rd] = (uint)(x[ip->Rn] - x[ip->Rm]); break;
                    case And64:     x[ip->Rd] = x[ip->Rn] & x[ip->Rm]; break;
                    case And32:     x[ip->Rd] = (uint)(x[ip->Rn] & x[ip->Rm]); break;
                    case Orr64:     x[ip->Rd] = x[ip->Rn] | x[ip->Rm]; break;
                    case Orr32:     x[ip->Rd] = (uint)(x[ip->Rn] | x[ip->Rm]); break;
                    case Eor64:     x[ip->Rd] = x[ip->Rn] ^ x[ip->Rm]; break;
                    case Eor32:     x[ip->Rd] = (uint)(x[ip->Rn] ^ x[ip->Rm]); break;
                    case Bic64:     x[ip->Rd] = x[ip->Rn] & ~x[ip->Rm]; break;
                    case Bic32:     x[ip->Rd] = (uint)(x[ip->Rn] & ~x[ip->Rm]); break;
                    case Orn64:     x[ip->Rd] = x[ip->Rn] | ~x[ip->Rm]; break;
                    case Orn32:     x[ip->Rd] = (uint)(x[ip->Rn] | ~x[ip->Rm]); break;
                    case Eon64:     x[ip->Rd] = x[ip->Rn] ^ ~x[ip->Rm]; break;
                    case Eon32:     x[ip->Rd] = (uint)(x[ip->Rn] ^ ~x[ip->Rm]); break;
                    // Two registers, the second shifted or extended
                    case AddLsl64:  x[ip->Rd] = x[ip->Rn] + (x[ip->Rm] << ip->Aux); break;
                    case AddLsl32:  x[ip->Rd] = (uint)(x[ip->Rn] + (x[ip->Rm] << ip->Aux)); break;
                    case SubLsl64:  x[ip->Rd] = x[ip->Rn] - (x[ip->Rm] << ip->Aux); break;
                    case SubLsl32:  x[ip->Rd] = (uint)(x[ip->Rn] - (x[ip->Rm] << ip->Aux)); break;
                    case AndLsl64:  x[ip->Rd] = x[ip->Rn] & (x[ip->Rm] << ip->Aux); break;
                    case AndLsl32:  x[ip->Rd] = (uint)(x[ip->Rn] & (x[ip->Rm] << ip->Aux)); break;
                    case OrrLsl64:  x[ip->Rd] = x[ip->Rn] | (x[ip->Rm] << ip->Aux); break;
                    case OrrLsl32:  x[ip->Rd] = (uint)(x[ip->Rn] | (x[ip->Rm] << ip->Aux)); break;
                    case EorLsl64:  x[ip->Rd] = x[ip->Rn] ^ (x[ip->Rm] << ip->Aux); break;
                    case EorLsl32:  x[ip->Rd] = (uint)(x[ip->Rn] ^ (x[ip->Rm] << ip->Aux)); break;
                    case AddLsr64:  x[ip->Rd] = x[ip->Rn] + (x[ip->Rm] >> ip->Aux); break;
                    case AddLsr32:  x[ip->Rd] = (uint)(x[ip->Rn] + ((uint)x[ip->Rm] >> ip->Aux)); break;
                    case SubLsr64:  x[ip->Rd] = x[ip->Rn] - (x[ip->Rm] >> ip->Aux); break;
                    case SubLsr32:  x[ip->Rd] = (uint)(x[ip->Rn] - ((uint)x[ip->Rm] >> ip->Aux)); break;
                    case OrrLsr64:  x[ip->Rd] = x[ip->Rn] | (x[ip->Rm] >> ip->Aux); break;
                    case OrrLsr32:  x[ip->Rd] = (uint)(x[ip->Rn] | ((uint)x[ip->Rm] >> ip->Aux)); break;
                    case EorLsr64:  x[ip->Rd] = x[ip->Rn] ^ (x[ip->Rm] >> ip->Aux); break;
                    case EorLsr32:  x[ip->Rd] = (uint)(x[ip->Rn] ^ ((uint)x[ip->Rm] >> ip->Aux)); break;
                    case AddAsr64:  x[ip->Rd] = x[ip->Rn] + (ulong)((long)x[ip->Rm] >> ip->Aux); break;
                    case AddAsr32:  x[ip->Rd] = (uint)(x[ip->Rn] + (ulong)((int)x[ip->Rm] >> ip->Aux)); break;
                    case SubAsr64:  x[ip->Rd] = x[ip->Rn] - (ulong)((long)x[ip->Rm] >> ip->Aux); break;
                    case SubAsr32:  x[ip->Rd] = (uint)(x[ip->Rn] - (ulong)((int)x[ip->Rm] >> ip->Aux)); break;
                    case EorAsr64:  x[ip->Rd] = x[ip->Rn] ^ (ulong)((long)x[ip->Rm] >> ip->Aux); break;
                    case EorAsr32:  x[ip->Rd] = (uint)(x[ip->Rn] ^ (ulong)((int)x[ip->Rm] >> ip->Aux)); break;
                    case EorRor64:  x[ip->Rd] = x[ip->Rn] ^ BitOperations.RotateRight(x[ip->Rm], ip->Aux); break;
                    case EorRor32:  x[ip->Rd] = (uint)x[ip->Rn] ^ BitOperations.RotateRight((uint)x[ip->Rm], ip->Aux); break;
                    case AddUxtw:   x[ip->Rd] = x[ip->Rn] + ((ulong)(uint)x[ip->Rm] << ip->Aux); break;
                    case AddSxtw:   x[ip->Rd] = x[ip->Rn] + (ulong)((long)(int)x[ip->Rm] << ip->Aux); break;
                    case SubUxtw:   x[ip->Rd] = x[ip->Rn] - ((ulong)(uint)x[ip->Rm] << ip->Aux); break;
                    case SubSxtw:   x[ip->Rd] = x[ip->Rn] - (ulong)((long)(int)x[ip->Rm] << ip->Aux); break;
                    // Bit fields
                    case Lsl64:     x[ip->Rd] = x[ip->Rn] << ip->Aux; break;
                    case Lsr64:     x[ip->Rd] = x[ip->Rn] >> ip->Aux; break;
                    case Asr64:     x[ip->Rd] = (ulong)((long)x[ip->Rn] >> ip->Aux); break;
                    case Ubfx:      x[ip->Rd] = (x[ip->Rn] >> ip->Aux) & (ulong)ip->Imm; break;
                    case Ubfiz:     x[ip->Rd] = (x[ip->Rn] << ip->Aux) & (ulong)ip->Imm; break;
                    case Sbfx64:    x[ip->Rd] = (ulong)((long)(x[ip->Rn] << ip->Aux) >> ip->Aux2); break;
                    case Sbfx32:    x[ip->Rd] = (uint)((int)((uint)x[ip->Rn] << ip->Aux) >> ip->Aux2); break;
                    case Bfm64:
                        x[ip->Rd] = (x[ip->Rd] & ~(ulong)ip->Imm) | (BitOperations.RotateRight(x[ip->Rn], ip->Aux) & (ulong)ip->Imm);
                        break;

                    case Bfm32:
                        x[ip->Rd] = (uint)((x[ip->Rd] & ~(ulong)ip->Imm) | (BitOperations.RotateRight((uint)x[ip->Rn], ip->Aux) & (ulong)ip->Imm));
                        break;

                    case Extr64:    x[ip->Rd] = (x[ip->Rm] >> ip->Aux) | (x[ip->Rn] << 1 << (63 - ip->Aux)); break;
                    case Extr32:    x[ip->Rd] = (uint)((((ulong)(uint)x[ip->Rn] << 32) | (uint)x[ip->Rm]) >> ip->Aux); break;
                    // Conditional selection: Imm is the condition's truth table
                    case Csel64:    r = (ulong)ip->Imm >> PackedFlags(x); x[ip->Rd] = (r & 1) != 0 ? x[ip->Rn] : x[ip->Rm]; break;
                    case Csel32:    r = (ulong)ip->Imm >> PackedFlags(x); x[ip->Rd] = (r & 1) != 0 ? (uint)x[ip->Rn] : (uint)x[ip->Rm]; break;
                    case Csinc64:   r = (ulong)ip->Imm >> PackedFlags(x); x[ip->Rd] = (r & 1) != 0 ? x[ip->Rn] : x[ip->Rm] + 1; break;
                    case Csinc32:   r = (ulong)ip->Imm >> PackedFlags(x); x[ip->Rd] = (r & 1) != 0 ? (uint)x[ip->Rn] : (uint)(x[ip->Rm] + 1); break;
                    case Csinv64:   r = (ulong)ip->Imm >> PackedFlags(x); x[ip->Rd] = (r & 1) != 0 ? x[ip->Rn] : ~x[ip->Rm]; break;
                    case Csinv32:   r = (ulong)ip->Imm >> PackedFlags(x); x[ip->Rd] = (r & 1) != 0 ? (uint)x[ip->Rn] : (uint)(~x[ip->Rm]); break;
                    case Csneg64:   r = (ulong)ip->Imm >> PackedFlags(x); x[ip->Rd] = (r & 1) != 0 ? x[ip->Rn] : 0 - x[ip->Rm]; break;
                    case Csneg32:   r = (ulong)ip->Imm >> PackedFlags(x); x[ip->Rd] = (r & 1) != 0 ? (uint)x[ip->Rn] : (uint)(0 - x[ip->Rm]); break;
                    // Conditional comparison: Imm is the truth table, Aux2 the flags otherwise
                    case CcmpReg64:
                        b = x[ip->Rm];
                    Ccmp64:
                        if ((((ulong)ip->Imm >> PackedFlags(x)) & 1) == 0)
                        {
                            goto FlagsFromAux;
                        }

                        a = x[ip->Rn]; r = a - b; DifferenceFlags64(x, a, b, r); break;

                    case CcmpReg32:
                        b = x[ip->Rm];
                    Ccmp32:
                        if ((((ulong)ip->Imm >> PackedFlags(x)) & 1) == 0)
                        {
                            goto FlagsFromAux;
                        }

                        a = x[ip->Rn]; r = a - b; DifferenceFlags32(x, a, b, r); break;

                    case CcmpImm64: b = ip->Rm; goto Ccmp64;
                    case CcmpImm32: b = ip->Rm; goto Ccmp32;
                    case CcmnReg64:
                        b = x[ip->Rm];
                    Ccmn64:
                        if ((((ulong)ip->Imm >> PackedFlags(x)) & 1) == 0)
                        {
                            goto FlagsFromAux;
                        }

                        a = x[ip->Rn]; r = a + b; SumFlags64(x, a, b, r); break;

                    case CcmnReg32:
                        b = x[ip->Rm];
                    Ccmn32:
                        if ((((ulong)ip->Imm >> PackedFlags(x)) & 1) == 0)
                        {
                            goto FlagsFromAux;
                        }

                        a = x[ip->Rn]; r = a + b; SumFlags32(x, a, b, r); break;

                    case CcmnImm64: b = ip->Rm; goto Ccmn64;
                    case CcmnImm32: b = ip->Rm; goto Ccmn32;
                    // Products, quotients, variable shifts, sums with carry
                    case Madd64:    x[ip->Rd] = (x[ip->Rn] * x[ip->Rm]) + x[ip->Ra]; break;
                    case Madd32:    x[ip->Rd] = (uint)((x[ip->Rn] * x[ip->Rm]) + x[ip->Ra]); break;
                    case Msub64:    x[ip->Rd] = x[ip->Ra] - (x[ip->Rn] * x[ip->Rm]); break;
                    case Msub32:    x[ip->Rd] = (uint)(x[ip->Ra] - (x[ip->Rn] * x[ip->Rm])); break;
                    case Mul64:     x[ip->Rd] = x[ip->Rn] * x[ip->Rm]; break;
                    case Mul32:     x[ip->Rd] = (uint)(x[ip->Rn] * x[ip->Rm]); break;
                    case Smaddl:    x[ip->Rd] = (ulong)((long)(int)x[ip->Rn] * (int)x[ip->Rm]) + x[ip->Ra]; break;
                    case Umaddl:    x[ip->Rd] = ((ulong)(uint)x[ip->Rn] * (uint)x[ip->Rm]) + x[ip->Ra]; break;
                    case Smulh:     x[ip->Rd] = (ulong)Math.BigMul((long)x[ip->Rn], (long)x[ip->Rm], out _); break;
                    case Umulh:     x[ip->Rd] = Math.BigMul(x[ip->Rn], x[ip->Rm], out _); break;
                    case Udiv64:    b = x[ip->Rm]; x[ip->Rd] = b == 0 ? 0 : x[ip->Rn] / b; break;
                    case Udiv32:    b = (uint)x[ip->Rm]; x[ip->Rd] = b == 0 ? 0 : (uint)x[ip->Rn] / (uint)b; break;
                    case Sdiv64:
                        b = x[ip->Rm];
                        x[ip->Rd] = b + 1 <= 1 ? 0 - (b & x[ip->Rn]) : (ulong)((long)x[ip->Rn] / (long)b);     // by 0 and by -1: the host traps
                        break;

                    case Sdiv32:
                        b = x[ip->Rm]; x[ip->Rd] = (uint)b + 1 <= 1 ? (uint)(0 - (b & x[ip->Rn])) : (uint)((int)x[ip->Rn] / (int)b);
                        break;

                    case Lslv64:    x[ip->Rd] = x[ip->Rn] << (int)x[ip->Rm]; break;
                    case Lslv32:    x[ip->Rd] = (uint)x[ip->Rn] << (int)x[ip->Rm]; break;
                    case Lsrv64:    x[ip->Rd] = x[ip->Rn] >> (int)x[ip->Rm]; break;
                    case Lsrv32:    x[ip->Rd] = (uint)x[ip->Rn] >> (int)x[ip->Rm]; break;
                    case Asrv64:    x[ip->Rd] = (ulong)((long)x[ip->Rn] >> (int)x[ip->Rm]); break;
                    case Asrv32:    x[ip->Rd] = (uint)((int)x[ip->Rn] >> (int)x[ip->Rm]); break;
                    case Rorv64:    x[ip->Rd] = BitOperations.RotateRight(x[ip->Rn], (int)x[ip->Rm]); break;
                    case Rorv32:    x[ip->Rd] = BitOperations.RotateRight((uint)x[ip->Rn], (int)x[ip->Rm]); break;
                    case Adc64:     x[ip->Rd] = x[ip->Rn] + x[ip->Rm] + x[C]; break;
                    case Adc32:     x[ip->Rd] = (uint)(x[ip->Rn] + x[ip->Rm] + x[C]); break;
                    case Adcs64:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a + b + x[C]; x[C] = r < a || (r == a && x[C] != 0) ? 1ul : 0; x[N] = r;
                        x[Z] = r; x[V] = (a ^ r) & (b ^ r); x[ip->Rd] = r; break;

                    case Adcs32:
                        a = (uint)x[ip->Rn]; b = (uint)x[ip->Rm]; r = a + b + x[C]; x[C] = r >> 32; x[N] = r << 32; x[Z] = (uint)r;
                        x[V] = ((a ^ r) & (b ^ r)) << 32; x[ip->Rd] = (uint)r; break;

                    case Sbc64:     x[ip->Rd] = x[ip->Rn] + ~x[ip->Rm] + x[C]; break;
                    case Sbc32:     x[ip->Rd] = (uint)(x[ip->Rn] + ~x[ip->Rm] + x[C]); break;
                    case Sbcs64:
                        a = x[ip->Rn]; b = ~x[ip->Rm]; r = a + b + x[C]; x[C] = r < a || (r == a && x[C] != 0) ? 1ul : 0; x[N] = r;
                        x[Z] = r; x[V] = (a ^ r) & (b ^ r); x[ip->Rd] = r; break;

                    case Sbcs32:
                        a = (uint)x[ip->Rn]; b = (uint)~x[ip->Rm]; r = a + b + x[C]; x[C] = r >> 32; x[N] = r << 32; x[Z] = (uint)r;
                        x[V] = ((a ^ r) & (b ^ r)) << 32; x[ip->Rd] = (uint)r; break;

                    case RevX:      x[ip->Rd] = BinaryPrimitives.ReverseEndianness(x[ip->Rn]); break;
                    case RevW:      x[ip->Rd] = BinaryPrimitives.ReverseEndianness((uint)x[ip->Rn]); break;
                    case Clz64:     x[ip->Rd] = (ulong)BitOperations.LeadingZeroCount(x[ip->Rn]); break;
                    case Clz32:     x[ip->Rd] = (ulong)BitOperations.LeadingZeroCount((uint)x[ip->Rn]); break;
                    // Branches
                    case B:         goto Taken;
                    case Bl:        x[30] = AddressOf(h, ip) + 4; goto Taken;
                    case Blr:       pc = x[ip->Rn]; x[30] = AddressOf(h, ip) + 4; left = limit - (byte*)(ip + 1); goto Enter;
                    case Br:
                    case Ret:       pc = x[ip->Rn]; left = limit - (byte*)(ip + 1); goto Enter;
                    case Cbz64:
                        if (x[ip->Rn] == 0)
                        {
                            goto Taken;
                        }

                        break;

                    case Cbz32:
                        if ((uint)x[ip->Rn] == 0)
                        {
                            goto Taken;
                        }

                        break;

                    case Cbnz64:
                        if (x[ip->Rn] != 0)
                        {
                            goto Taken;
                        }

                        break;

                    case Cbnz32:
                        if ((uint)x[ip->Rn] != 0)
                        {
                            goto Taken;
                        }

                        break;

                    case Tbz:
                        if ((x[ip->Rn] >> ip->Aux & 1) == 0)
                        {
                            goto Taken;
                        }

                        break;

                    case Tbnz:
                        if ((x[ip->Rn] >> ip->Aux & 1) != 0)
                        {
                            goto Taken;
                        }

                        break;

                    case BEq:
                        if (x[Z] == 0)
                        {
                            goto Taken;
                        }

                        break;

                    case BNe:
                        if (x[Z] != 0)
                        {
                            goto Taken;
                        }

                        break;

                    case BCs:
                        if (x[C] != 0)
                        {
                            goto Taken;
                        }

                        break;

                    case BCc:
                        if (x[C] == 0)
                        {
                            goto Taken;
                        }

                        break;

                    case BMi:
                        if ((long)x[N] < 0)
                        {
                            goto Taken;
                        }

                        break;

                    case BPl:
                        if ((long)x[N] >= 0)
                        {
                            goto Taken;
                        }

                        break;

                    case BVs:
                        if ((long)x[V] < 0)
                        {
                            goto Taken;
                        }

                        break;

                    case BVc:
                        if ((long)x[V] >= 0)
                        {
                            goto Taken;
                        }

                        break;

                    case BHi:
                        if (x[C] != 0 && x[Z] != 0)
                        {
                            goto Taken;
                        }

                        break;

                    case BLs:
                        if (x[C] == 0 || x[Z] == 0)
                        {
                            goto Taken;
                        }

                        break;

                    case BGe:
                        if ((long)(x[N] ^ x[V]) >= 0)
                        {
                            goto Taken;
                        }

                        break;

                    case BLt:
                        if ((long)(x[N] ^ x[V]) < 0)
                        {
                            goto Taken;
                        }

                        break;

                    case BGt:
                        if (x[Z] != 0 && (long)(x[N] ^ x[V]) >= 0)
                        {
                            goto Taken;
                        }

                        break;

                    case BLe:
                        if (x[Z] == 0 || (long)(x[N] ^ x[V]) < 0)
                        {
                            goto Taken;
                        }

                        break;

                    // Compare and branch
                    case SubsImm64Eq:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if (a == b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm64Ne:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if (a != b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm64Cs:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if (a >= b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm64Cc:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if (a < b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm64Hi:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if (a > b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm64Ls:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if (a <= b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm64Ge:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if ((long)a >= (long)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm64Lt:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if ((long)a < (long)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm64Gt:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if ((long)a > (long)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm64Le:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if ((long)a <= (long)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm32Eq:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((uint)a == (uint)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm32Ne:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((uint)a != (uint)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm32Cs:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((uint)a >= (uint)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm32Cc:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((uint)a < (uint)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm32Hi:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((uint)a > (uint)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm32Ls:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((uint)a <= (uint)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm32Ge:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((int)a >= (int)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm32Lt:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((int)a < (int)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm32Gt:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((int)a > (int)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case SubsImm32Le:
                        a = x[ip->Rn]; b = (ulong)ip->SmallImm; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((int)a <= (int)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs64Eq:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if (a == b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs64Ne:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if (a != b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs64Cs:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if (a >= b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs64Cc:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if (a < b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs64Hi:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if (a > b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs64Ls:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if (a <= b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs64Ge:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if ((long)a >= (long)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs64Lt:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if ((long)a < (long)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs64Gt:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if ((long)a > (long)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs64Le:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags64(x, a, b, r); x[ip->Rd] = r;
                        if ((long)a <= (long)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs32Eq:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((uint)a == (uint)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs32Ne:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((uint)a != (uint)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs32Cs:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((uint)a >= (uint)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs32Cc:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((uint)a < (uint)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs32Hi:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((uint)a > (uint)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs32Ls:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((uint)a <= (uint)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs32Ge:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((int)a >= (int)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs32Lt:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((int)a < (int)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs32Gt:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((int)a > (int)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    case Subs32Le:
                        a = x[ip->Rn]; b = x[ip->Rm]; r = a - b; DifferenceFlags32(x, a, b, r); x[ip->Rd] = (uint)r;
                        if ((int)a <= (int)b)
                        {
                            goto TakenSecond;
                        }

                        goto SkipSecond;

                    // Loads and stores: the mode computes the address and writes the base register back, the access is shared
                    case StrB:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoStrB:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->WriteTag != (a & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; *(byte*)p = (byte)x[ip->Rd]; break;

                    case StrBPost:  a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoStrB;
                    case StrBPre:   a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoStrB;
                    case StrBReg:   a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoStrB;
                    case StrBExt:   a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoStrB;
                    case LdrB:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoLdrB:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->ReadTag != (a & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; x[ip->Rd] = *(byte*)p; break;

                    case LdrBPost:  a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoLdrB;
                    case LdrBPre:   a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoLdrB;
                    case LdrBReg:   a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoLdrB;
                    case LdrBExt:   a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoLdrB;
                    case LdrSBX:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoLdrSBX:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->ReadTag != (a & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; x[ip->Rd] = (ulong)*(sbyte*)p; break;

                    case LdrSBXPost: a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoLdrSBX;
                    case LdrSBXPre: a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoLdrSBX;
                    case LdrSBXReg: a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoLdrSBX;
                    case LdrSBXExt: a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoLdrSBX;
                    case LdrSBW:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoLdrSBW:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->ReadTag != (a & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; x[ip->Rd] = (uint)*(sbyte*)p; break;

                    case LdrSBWPost: a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoLdrSBW;
                    case LdrSBWPre: a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoLdrSBW;
                    case LdrSBWReg: a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoLdrSBW;
                    case LdrSBWExt: a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoLdrSBW;
                    case StrH:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoStrH:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->WriteTag != ((a + 1) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; *(ushort*)p = (ushort)x[ip->Rd]; break;

                    case StrHPost:  a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoStrH;
                    case StrHPre:   a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoStrH;
                    case StrHReg:   a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoStrH;
                    case StrHExt:   a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoStrH;
                    case LdrH:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoLdrH:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->ReadTag != ((a + 1) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; x[ip->Rd] = *(ushort*)p; break;

                    case LdrHPost:  a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoLdrH;
                    case LdrHPre:   a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoLdrH;
                    case LdrHReg:   a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoLdrH;
                    case LdrHExt:   a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoLdrH;
                    case LdrSHX:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoLdrSHX:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->ReadTag != ((a + 1) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; x[ip->Rd] = (ulong)*(short*)p; break;

                    case LdrSHXPost: a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoLdrSHX;
                    case LdrSHXPre: a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoLdrSHX;
                    case LdrSHXReg: a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoLdrSHX;
                    case LdrSHXExt: a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoLdrSHX;
                    case LdrSHW:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoLdrSHW:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->ReadTag != ((a + 1) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; x[ip->Rd] = (uint)*(short*)p; break;

                    case LdrSHWPost: a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoLdrSHW;
                    case LdrSHWPre: a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoLdrSHW;
                    case LdrSHWReg: a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoLdrSHW;
                    case LdrSHWExt: a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoLdrSHW;
                    case StrW:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoStrW:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->WriteTag != ((a + 3) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; *(uint*)p = (uint)x[ip->Rd]; break;

                    case StrWPost:  a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoStrW;
                    case StrWPre:   a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoStrW;
                    case StrWReg:   a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoStrW;
                    case StrWExt:   a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoStrW;
                    case LdrW:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoLdrW:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->ReadTag != ((a + 3) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; x[ip->Rd] = *(uint*)p; break;

                    case LdrWPost:  a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoLdrW;
                    case LdrWPre:   a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoLdrW;
                    case LdrWReg:   a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoLdrW;
                    case LdrWExt:   a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoLdrW;
                    case LdrSW:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoLdrSW:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->ReadTag != ((a + 3) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; x[ip->Rd] = (ulong)*(int*)p; break;

                    case LdrSWPost: a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoLdrSW;
                    case LdrSWPre:  a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoLdrSW;
                    case LdrSWReg:  a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoLdrSW;
                    case LdrSWExt:  a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoLdrSW;
                    case StrX:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoStrX:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->WriteTag != ((a + 7) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; *(ulong*)p = x[ip->Rd]; break;

                    case StrXPost:  a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoStrX;
                    case StrXPre:   a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoStrX;
                    case StrXReg:   a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoStrX;
                    case StrXExt:   a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoStrX;
                    case LdrX:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoLdrX:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->ReadTag != ((a + 7) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; x[ip->Rd] = *(ulong*)p; break;

                    case LdrXPost:  a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoLdrX;
                    case LdrXPre:   a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoLdrX;
                    case LdrXReg:   a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoLdrX;
                    case LdrXExt:   a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoLdrX;
                    case StrFS:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoStrFS:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->WriteTag != ((a + 3) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; *(uint*)p = *(uint*)(vectors + ip->Rd); break;

                    case StrFSPost: a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoStrFS;
                    case StrFSPre:  a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoStrFS;
                    case StrFSReg:  a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoStrFS;
                    case StrFSExt:  a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoStrFS;
                    case LdrFS:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoLdrFS:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->ReadTag != ((a + 3) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; vectors[ip->Rd] = Vector128.CreateScalar(*(uint*)p).AsUInt64(); break;

                    case LdrFSPost: a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoLdrFS;
                    case LdrFSPre:  a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoLdrFS;
                    case LdrFSReg:  a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoLdrFS;
                    case LdrFSExt:  a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoLdrFS;
                    case StrFD:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoStrFD:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->WriteTag != ((a + 7) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; *(ulong*)p = *(ulong*)(vectors + ip->Rd); break;

                    case StrFDPost: a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoStrFD;
                    case StrFDPre:  a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoStrFD;
                    case StrFDReg:  a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoStrFD;
                    case StrFDExt:  a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoStrFD;
                    case LdrFD:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoLdrFD:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->ReadTag != ((a + 7) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; vectors[ip->Rd] = Vector128.CreateScalar(*(ulong*)p); break;

                    case LdrFDPost: a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoLdrFD;
                    case LdrFDPre:  a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoLdrFD;
                    case LdrFDReg:  a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoLdrFD;
                    case LdrFDExt:  a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoLdrFD;
                    case StrFQ:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoStrFQ:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->WriteTag != ((a + 15) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; *(Vector128<ulong>*)p = vectors[ip->Rd]; break;

                    case StrFQPost: a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoStrFQ;
                    case StrFQPre:  a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoStrFQ;
                    case StrFQReg:  a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoStrFQ;
                    case StrFQExt:  a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoStrFQ;
                    case LdrFQ:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoLdrFQ:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->ReadTag != ((a + 15) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; vectors[ip->Rd] = *(Vector128<ulong>*)p; break;

                    case LdrFQPost: a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoLdrFQ;
                    case LdrFQPre:  a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoLdrFQ;
                    case LdrFQReg:  a = x[ip->Rn] + (x[ip->Rm] << ip->Aux); goto DoLdrFQ;
                    case LdrFQExt:  a = x[ip->Rn] + (ulong)(((long)x[ip->Rm] << 32 >> 32 & ip->Imm) << ip->Aux); goto DoLdrFQ;
                    // Pairs
                    case StpX:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoStpX:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->WriteTag != ((a + 15) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; ((ulong*)p)[0] = x[ip->Rd]; ((ulong*)p)[1] = x[ip->Ra]; break;

                    case StpXPost:  a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoStpX;
                    case StpXPre:   a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoStpX;
                    case LdpX:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoLdpX:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->ReadTag != ((a + 15) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; x[ip->Rd] = ((ulong*)p)[0]; x[ip->Ra] = ((ulong*)p)[1]; break;

                    case LdpXPost:  a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoLdpX;
                    case LdpXPre:   a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoLdpX;
                    case StpW:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoStpW:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->WriteTag != ((a + 7) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; ((uint*)p)[0] = (uint)x[ip->Rd]; ((uint*)p)[1] = (uint)x[ip->Ra]; break;

                    case StpWPost:  a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoStpW;
                    case StpWPre:   a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoStpW;
                    case LdpW:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoLdpW:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->ReadTag != ((a + 7) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; x[ip->Rd] = ((uint*)p)[0]; x[ip->Ra] = ((uint*)p)[1]; break;

                    case LdpWPost:  a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoLdpW;
                    case LdpWPre:   a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoLdpW;
                    case StpFD:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoStpFD:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->WriteTag != ((a + 15) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; ((ulong*)p)[0] = *(ulong*)(vectors + ip->Rd);
                        ((ulong*)p)[1] = *(ulong*)(vectors + ip->Ra); break;

                    case StpFDPost: a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoStpFD;
                    case StpFDPre:  a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoStpFD;
                    case LdpFD:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoLdpFD:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->ReadTag != ((a + 15) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; vectors[ip->Rd] = Vector128.CreateScalar(((ulong*)p)[0]);
                        vectors[ip->Ra] = Vector128.CreateScalar(((ulong*)p)[1]); break;

                    case LdpFDPost: a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoLdpFD;
                    case LdpFDPre:  a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoLdpFD;
                    case StpFQ:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoStpFQ:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->WriteTag != ((a + 31) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; ((Vector128<ulong>*)p)[0] = vectors[ip->Rd];
                        ((Vector128<ulong>*)p)[1] = vectors[ip->Ra]; break;

                    case StpFQPost: a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoStpFQ;
                    case StpFQPre:  a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoStpFQ;
                    case LdpFQ:
                        a = x[ip->Rn] + (ulong)ip->Imm;
                    DoLdpFQ:
                        e = translations + ((a >> PhysicalMemory.PageBits) % HotState.Entries);
                        if (e->ReadTag != ((a + 31) & HotState.PageMask))
                        {
                            goto Missed;
                        }

                        p = (byte*)a + e->Addend; vectors[ip->Rd] = ((Vector128<ulong>*)p)[0];
                        vectors[ip->Ra] = ((Vector128<ulong>*)p)[1]; break;

                    case LdpFQPost: a = x[ip->Rn]; x[ip->Rn] = a + (ulong)ip->Imm; goto DoLdpFQ;
                    case LdpFQPre:  a = x[ip->Rn] + (ulong)ip->Imm; x[ip->Rn] = a; goto DoLdpFQ;
                    // Relative to the program counter
                    case LiteralW:  a = AddressOf(h, ip) + (ulong)ip->Imm; goto DoLdrW;
                    case LiteralX:  a = AddressOf(h, ip) + (ulong)ip->Imm; goto DoLdrX;

                    // Floating point
                    case FaddD:
                    {
                        if (!Addition.TryHost(*(double*)(vectors + ip->Rn), *(double*)(vectors + ip->Rm), h->State.Float, out double value))
                        {
                            goto case Bound;
                        }

                        vectors[ip->Rd] = Vector128.CreateScalar(value).AsUInt64();
                        break;
                    }

                    case FaddS:
                    {
                        if (!Addition.TryHost(*(float*)(vectors + ip->Rn), *(float*)(vectors + ip->Rm), h->State.Float, out float value))
                        {
                            goto case Bound;
                        }

                        vectors[ip->Rd] = Vector128.CreateScalar(value).AsUInt64();
                        break;
                    }

                    case FsubD:
                    {
                        if (!Subtraction.TryHost(*(double*)(vectors + ip->Rn), *(double*)(vectors + ip->Rm), h->State.Float, out double value))
                        {
                            goto case Bound;
                        }

                        vectors[ip->Rd] = Vector128.CreateScalar(value).AsUInt64();
                        break;
                    }

                    case FsubS:
                    {
                        if (!Subtraction.TryHost(*(float*)(vectors + ip->Rn), *(float*)(vectors + ip->Rm), h->State.Float, out float value))
                        {
                            goto case Bound;
                        }

                        vectors[ip->Rd] = Vector128.CreateScalar(value).AsUInt64();
                        break;
                    }

                    case FmulD:
                    {
                        if (!Multiplication.TryHost(*(double*)(vectors + ip->Rn), *(double*)(vectors + ip->Rm), h->State.Float, out double value))
                        {
                            goto case Bound;
                        }

                        vectors[ip->Rd] = Vector128.CreateScalar(value).AsUInt64();
                        break;
                    }

                    case FmulS:
                    {
                        if (!Multiplication.TryHost(*(float*)(vectors + ip->Rn), *(float*)(vectors + ip->Rm), h->State.Float, out float value))
                        {
                            goto case Bound;
                        }

                        vectors[ip->Rd] = Vector128.CreateScalar(value).AsUInt64();
                        break;
                    }

                    case FmaddD:
                    {
                        double value = double.FusedMultiplyAdd(*(double*)(vectors + ip->Rn), *(double*)(vectors + ip->Rm), *(double*)(vectors + ip->Ra));
                        if (!h->State.Float.IsHostable || !FloatMath.IsOrdinary(value))
                        {
                            goto case Bound;
                        }

                        vectors[ip->Rd] = Vector128.CreateScalar(value).AsUInt64();
                        break;
                    }

                    case FmaddS:
                    {
                        float value = float.FusedMultiplyAdd(*(float*)(vectors + ip->Rn), *(float*)(vectors + ip->Rm), *(float*)(vectors + ip->Ra));
                        if (!h->State.Float.IsHostable || !FloatMath.IsOrdinary(value))
                        {
                            goto case Bound;
                        }

                        vectors[ip->Rd] = Vector128.CreateScalar(value).AsUInt64();
                        break;
                    }

                    case FmsubD:
                    {
                        double value = double.FusedMultiplyAdd(-*(double*)(vectors + ip->Rn), *(double*)(vectors + ip->Rm), *(double*)(vectors + ip->Ra));
                        if (!h->State.Float.IsHostable || !FloatMath.IsOrdinary(value))
                        {
                            goto case Bound;
                        }

                        vectors[ip->Rd] = Vector128.CreateScalar(value).AsUInt64();
                        break;
                    }

                    case FmsubS:
                    {
                        float value = float.FusedMultiplyAdd(-*(float*)(vectors + ip->Rn), *(float*)(vectors + ip->Rm), *(float*)(vectors + ip->Ra));
                        if (!h->State.Float.IsHostable || !FloatMath.IsOrdinary(value))
                        {
                            goto case Bound;
                        }

                        vectors[ip->Rd] = Vector128.CreateScalar(value).AsUInt64();
                        break;
                    }

                    case FcmpD:
                    {
                        double first = *(double*)(vectors + ip->Rn), second = *(double*)(vectors + ip->Rm);
                        if (!h->State.Float.IsDefault || double.IsNaN(first) || double.IsNaN(second))
                        {
                            goto case Bound;
                        }

                        bool less = first < second;
                        x[N] = less ? 1ul << 63 : 0;
                        x[Z] = first == second ? 0ul : 1;
                        x[C] = less ? 0ul : 1;
                        x[V] = 0;
                        break;
                    }

                    case FcmpS:
                    {
                        float first = *(float*)(vectors + ip->Rn), second = *(float*)(vectors + ip->Rm);
                        if (!h->State.Float.IsDefault || float.IsNaN(first) || float.IsNaN(second))
                        {
                            goto case Bound;
                        }

                        bool less = first < second;
                        x[N] = less ? 1ul << 63 : 0;
                        x[Z] = first == second ? 0ul : 1;
                        x[C] = less ? 0ul : 1;
                        x[V] = 0;
                        break;
                    }

                    case FmovD:     vectors[ip->Rd] = Vector128.CreateScalar(*(ulong*)(vectors + ip->Rn)); break;
                    case FmovS:     vectors[ip->Rd] = Vector128.CreateScalar((ulong)*(uint*)(vectors + ip->Rn)); break;

                    case Bound:
                        ((BoundInstruction*)ip->Imm)->Operation(ref h->State, in ((BoundInstruction*)ip->Imm)->Instruction);
                        break;

                    default:        goto Cold;
                }

                continue;

            Taken:
                // One instruction executed; Target is the distance to the next.
                limit += ip->Target - MicroOp.Bytes;
                ip = (MicroOp*)((byte*)ip + ip->Target);
                if (limit > ip || ip->Op == Leave)
                {
                    goto Execute;
                }

                pc = AddressOf(h, ip);
                left = limit - (byte*)ip;
                goto Enter;

            TakenSecond:
                limit += ip->Target - (2 * MicroOp.Bytes);
                ip = (MicroOp*)((byte*)ip + ip->Target);
                if (limit > ip || ip->Op == Leave)
                {
                    goto Execute;
                }

                pc = AddressOf(h, ip);
                left = limit - (byte*)ip;
                goto Enter;

            SkipSecond:
                ip++;
                continue;

            FlagsFromAux:
                h->State.Flags = (ConditionFlags)ip->Aux2;
                continue;

            Missed:
                h->State.Pc = AddressOf(h, ip);
                h->Left = limit - (byte*)(ip + 1);
                switch (Transfer(ip, a))
                {
                    case Outcome.Next:
                        continue;
                    case Outcome.Refetch:
                        pc = h->State.Pc;
                        left = h->Left;
                        goto Enter;
                    default:
                        return StopReason.Exception;
                }

            Cold:
                h->State.Pc = AddressOf(h, ip);
                h->Left = limit - (byte*)(ip + 1);
                switch (ExecuteCold(ip))
                {
                    case Outcome.Next:
                        continue;
                    case Outcome.Refetch:
                        pc = h->State.Pc;
                        left = h->Left;
                        goto Enter;
                    case Outcome.SupervisorCall:
                        return StopReason.SupervisorCall;
                    default:
                        return StopReason.Exception;
                }
            }

        Enter:
            ;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong AddressOf(HotState* h, MicroOp* ip) =>
        h->UnitAddress + ((ulong)((byte*)ip - (byte*)h->UnitOps) / MicroOp.PerInstructionByte);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int PackedFlags(ulong* x) => (int)(((x[N] >> 63) << 3) | (x[Z] == 0 ? 4ul : 0) | (x[C] << 1) | (x[V] >> 63));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SumFlags64(ulong* x, ulong a, ulong b, ulong r)
    {
        x[N] = r;
        x[Z] = r;
        x[C] = r < a ? 1ul : 0;
        x[V] = (a ^ r) & (b ^ r);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SumFlags32(ulong* x, ulong a, ulong b, ulong r)
    {
        x[N] = r << 32;
        x[Z] = (uint)r;
        x[C] = (uint)r < (uint)a ? 1ul : 0;
        x[V] = ((a ^ r) & (b ^ r)) << 32;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void DifferenceFlags64(ulong* x, ulong a, ulong b, ulong r)
    {
        x[N] = r;
        x[Z] = r;
        x[C] = a >= b ? 1ul : 0;
        x[V] = (a ^ b) & (a ^ r);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void DifferenceFlags32(ulong* x, ulong a, ulong b, ulong r)
    {
        x[N] = r << 32;
        x[Z] = (uint)r;
        x[C] = (uint)a >= (uint)b ? 1ul : 0;
        x[V] = ((a ^ b) & (a ^ r)) << 32;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LogicFlags(ulong* x, ulong r)
    {
        x[N] = r;
        x[Z] = r;
        x[C] = 0;
        x[V] = 0;
    }
}
