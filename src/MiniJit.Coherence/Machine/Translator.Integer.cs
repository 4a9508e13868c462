// Data processing on general registers.
using MiniJit.Backend.Arm64;

namespace MiniJit.Coherence.Machine;

internal sealed unsafe partial class Translator
{
    /// <summary>The 32-bit variant of a micro-op follows its 64-bit variant.</summary>
    private static MicroOpcode Sized(MicroOpcode wide, in A64Instruction i) => i.Size == 8 ? wide : wide + 1;

    private static ulong Mask(int width) => width == 64 ? ulong.MaxValue : (1ul << width) - 1;

    private static bool TryImmediate(in A64Instruction i, ref MicroOp op)
    {
        op.Rd = Target(i.Rd);
        op.Rn = Source(i.Rn);
        op.Imm = i.Imm;
        switch (i.Form)
        {
            case A64Form.Adr:
                op.Op = MicroOpcode.Adr;
                return true;
            case A64Form.Adrp:
                op.Op = MicroOpcode.Adrp;
                return true;
            case A64Form.AddImm or A64Form.SubImm:
                op.Rd = i.Rd;
                op.Rn = i.Rn;
                op.Imm <<= 12 * i.Aux;
                op.Imm = i.Form == A64Form.SubImm ? -op.Imm : op.Imm;
                op.Op = Sized(MicroOpcode.AddImm64, i);
                return true;
            case A64Form.AddsImm or A64Form.SubsImm:
                op.Rn = i.Rn;
                op.Imm <<= 12 * i.Aux;
                op.Op = Sized(i.Form == A64Form.AddsImm ? MicroOpcode.AddsImm64 : MicroOpcode.SubsImm64, i);
                return true;
            case A64Form.AndImm:
                op.Rd = i.Rd;
                op.Op = MicroOpcode.AndImm;
                return true;
            case A64Form.OrrImm:
                op.Rd = i.Rd;
                op.Op = i.Rn == 31 ? MicroOpcode.MovImm : Sized(MicroOpcode.OrrImm64, i);
                return true;
            case A64Form.EorImm:
                op.Rd = i.Rd;
                op.Op = Sized(MicroOpcode.EorImm64, i);
                return true;
            case A64Form.AndsImm:
                op.Op = Sized(MicroOpcode.AndsImm64, i);
                return true;
            case A64Form.Movz:
                op.Op = MicroOpcode.MovImm;
                op.Imm <<= 16 * i.Aux;
                return true;
            case A64Form.Movn:
                op.Op = MicroOpcode.MovImm;
                op.Imm = ~(op.Imm << (16 * i.Aux));
                op.Imm = i.Size == 4 ? (uint)op.Imm : op.Imm;
                return true;
            case A64Form.Movk when i.Size == 8:
                op.Op = MicroOpcode.Movk;
                op.Aux = (byte)(16 * i.Aux);
                op.Imm <<= op.Aux;
                return true;
            case A64Form.Ubfm or A64Form.Sbfm or A64Form.Bfm:
                BitField(i, ref op);
                return true;
            case A64Form.Extr:
                op.Rm = Source(i.Rm);
                op.Aux = (byte)i.Imm;
                op.Op = Sized(MicroOpcode.Extr64, i);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Bit field moves: an extraction if imms ≥ immr, otherwise an insertion at bits − immr.</summary>
    private static void BitField(in A64Instruction i, ref MicroOp op)
    {
        int bits = 8 * i.Size, immr = (int)i.Imm, imms = i.Aux;
        bool extracts = imms >= immr;
        int width = extracts ? imms - immr + 1 : imms + 1, position = extracts ? 0 : bits - immr;
        ulong mask = Mask(width) << position;
        op.Imm = (long)mask;
        switch (i.Form)
        {
            case A64Form.Bfm:
                op.Op = Sized(MicroOpcode.Bfm64, i);
                op.Aux = (byte)immr;
                break;
            case A64Form.Sbfm when i.Size == 8 && imms == 63:
                op.Op = MicroOpcode.Asr64;
                op.Aux = (byte)immr;
                break;
            case A64Form.Sbfm:
                // The field's sign to the top, then down to where it belongs.
                op.Op = Sized(MicroOpcode.Sbfx64, i);
                op.Aux = (byte)(bits - 1 - imms);
                op.Aux2 = (byte)(extracts ? op.Aux + immr : op.Aux - position);
                break;
            case A64Form.Ubfm when extracts && immr == 0:
                op.Op = MicroOpcode.AndImm;
                break;
            case A64Form.Ubfm when extracts:
                op.Op = i.Size == 8 && imms == 63 ? MicroOpcode.Lsr64 : MicroOpcode.Ubfx;
                op.Aux = (byte)immr;
                break;
            default:
                op.Op = i.Size == 8 && width + position == 64 ? MicroOpcode.Lsl64 : MicroOpcode.Ubfiz;
                op.Aux = (byte)position;
                break;
        }
    }

    private static bool TryRegister(in A64Instruction i, ref MicroOp op)
    {
        op.Rd = Target(i.Rd);
        op.Rn = Source(i.Rn);
        op.Rm = Source(i.Rm);
        op.Ra = Source(i.Ra);
        switch (i.Form)
        {
            case >= A64Form.AddShifted and <= A64Form.Bics:
                return TryShifted(i, ref op);
            case >= A64Form.AddExtended and <= A64Form.SubsExtended:
                return TryExtended(i, ref op);
            case A64Form.Csel or A64Form.Csinc or A64Form.Csinv or A64Form.Csneg:
                op.Op = Sized(MicroOpcode.Csel64.Plus(2 * (i.Form - A64Form.Csel)), i);
                op.Imm = Conditions.Truth[i.Cond];
                return true;
            case A64Form.CcmpReg or A64Form.CcmpImm or A64Form.CcmnReg or A64Form.CcmnImm:
                op.Op = i.Form switch
                {
                    A64Form.CcmpReg => MicroOpcode.CcmpReg64,
                    A64Form.CcmpImm => MicroOpcode.CcmpImm64,
                    A64Form.CcmnReg => MicroOpcode.CcmnReg64,
                    _ => MicroOpcode.CcmnImm64,
                };
                op.Op = Sized(op.Op, i);
                op.Rm = i.Form is A64Form.CcmpImm or A64Form.CcmnImm ? (byte)i.Imm : op.Rm;
                op.Imm = Conditions.Truth[i.Cond];
                op.Aux2 = i.Aux;
                return true;
            case A64Form.Madd:
                op.Op = Sized(i.Ra == 31 ? MicroOpcode.Mul64 : MicroOpcode.Madd64, i);
                return true;
            case A64Form.Rbit or A64Form.Rev16 or A64Form.Rev32 or A64Form.Cls:
                return false;
            default:
                MicroOpcode found = i.Form switch
                {
                    A64Form.Msub => Sized(MicroOpcode.Msub64, i),
                    A64Form.Smaddl => MicroOpcode.Smaddl,
                    A64Form.Umaddl => MicroOpcode.Umaddl,
                    A64Form.Smulh => MicroOpcode.Smulh,
                    A64Form.Umulh => MicroOpcode.Umulh,
                    A64Form.Udiv => Sized(MicroOpcode.Udiv64, i),
                    A64Form.Sdiv => Sized(MicroOpcode.Sdiv64, i),
                    A64Form.Lslv => Sized(MicroOpcode.Lslv64, i),
                    A64Form.Lsrv => Sized(MicroOpcode.Lsrv64, i),
                    A64Form.Asrv => Sized(MicroOpcode.Asrv64, i),
                    A64Form.Rorv => Sized(MicroOpcode.Rorv64, i),
                    A64Form.Adc => Sized(MicroOpcode.Adc64, i),
                    A64Form.Adcs => Sized(MicroOpcode.Adcs64, i),
                    A64Form.Sbc => Sized(MicroOpcode.Sbc64, i),
                    A64Form.Sbcs => Sized(MicroOpcode.Sbcs64, i),
                    A64Form.RevW => MicroOpcode.RevW,
                    A64Form.RevX => MicroOpcode.RevX,
                    A64Form.Clz => Sized(MicroOpcode.Clz64, i),
                    _ => MicroOpcode.Decode,
                };
                op.Op = found;
                return found != MicroOpcode.Decode;
        }
    }

    private static bool TryShifted(in A64Instruction i, ref MicroOp op)
    {
        op.Aux = (byte)i.Imm;
        if (i.Imm == 0)
        {
            if (i.Form == A64Form.Orr && i.Rn == 31)
            {
                op.Op = Sized(MicroOpcode.Mov64, i);
                return true;
            }

            op.Op = Sized(
                i.Form switch
                {
                    A64Form.AddShifted => MicroOpcode.Add64,
                    A64Form.AddsShifted => MicroOpcode.Adds64,
                    A64Form.SubShifted => MicroOpcode.Sub64,
                    A64Form.SubsShifted => MicroOpcode.Subs64,
                    A64Form.And => MicroOpcode.And64,
                    A64Form.Bic => MicroOpcode.Bic64,
                    A64Form.Orr => MicroOpcode.Orr64,
                    A64Form.Orn => MicroOpcode.Orn64,
                    A64Form.Eor => MicroOpcode.Eor64,
                    A64Form.Eon => MicroOpcode.Eon64,
                    A64Form.Ands => MicroOpcode.Ands64,
                    _ => MicroOpcode.Bics64,
                },
                i);
            return true;
        }

        MicroOpcode found = (i.Form, (Shift)i.Aux) switch
        {
            (A64Form.AddShifted, Shift.Lsl) => MicroOpcode.AddLsl64,
            (A64Form.SubShifted, Shift.Lsl) => MicroOpcode.SubLsl64,
            (A64Form.And, Shift.Lsl) => MicroOpcode.AndLsl64,
            (A64Form.Orr, Shift.Lsl) => MicroOpcode.OrrLsl64,
            (A64Form.Eor, Shift.Lsl) => MicroOpcode.EorLsl64,
            (A64Form.AddShifted, Shift.Lsr) => MicroOpcode.AddLsr64,
            (A64Form.SubShifted, Shift.Lsr) => MicroOpcode.SubLsr64,
            (A64Form.Orr, Shift.Lsr) => MicroOpcode.OrrLsr64,
            (A64Form.Eor, Shift.Lsr) => MicroOpcode.EorLsr64,
            (A64Form.AddShifted, Shift.Asr) => MicroOpcode.AddAsr64,
            (A64Form.SubShifted, Shift.Asr) => MicroOpcode.SubAsr64,
            (A64Form.Eor, Shift.Asr) => MicroOpcode.EorAsr64,
            (A64Form.Eor, Shift.Ror) => MicroOpcode.EorRor64,
            _ => MicroOpcode.Decode,
        };
        op.Op = Sized(found, i);
        return found != MicroOpcode.Decode;
    }

    private static bool TryExtended(in A64Instruction i, ref MicroOp op)
    {
        bool setsFlags = i.Form is A64Form.AddsExtended or A64Form.SubsExtended, adds = i.Form is A64Form.AddExtended or A64Form.AddsExtended;
        op.Rn = i.Rn;
        op.Rd = setsFlags ? op.Rd : i.Rd;
        op.Aux = (byte)i.Imm;
        Extend extend = (Extend)i.Aux;
        bool isWhole = i.Size == 8 ? extend is Extend.Uxtx or Extend.Sxtx : extend is not (Extend.Uxtb or Extend.Uxth or Extend.Sxtb or Extend.Sxth);
        if (isWhole && setsFlags && i.Imm == 0)
        {
            op.Op = Sized(adds ? MicroOpcode.Adds64 : MicroOpcode.Subs64, i);
        }
        else if (isWhole && !setsFlags)
        {
            op.Op = Sized(adds ? MicroOpcode.AddLsl64 : MicroOpcode.SubLsl64, i);
        }
        else if (!setsFlags && i.Size == 8 && extend is Extend.Uxtw or Extend.Sxtw)
        {
            op.Op = (adds ? MicroOpcode.AddUxtw : MicroOpcode.SubUxtw).Plus(extend == Extend.Sxtw ? 1 : 0);
        }
        else
        {
            return false;
        }

        return !setsFlags || i.Imm == 0;
    }
}
