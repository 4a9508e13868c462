// Integer and bitwise arithmetic, comparison, selection.
namespace MiniJit.IR.Building;

public sealed partial class FunctionBuilder
{
    /// <summary><c>iadd</c>: x + y, modulo 2^B.</summary>
    public Value Iadd(Value x, Value y) => Binary(Opcode.Iadd, x, y);

    /// <summary><c>isub</c>: x − y, modulo 2^B.</summary>
    public Value Isub(Value x, Value y) => Binary(Opcode.Isub, x, y);

    /// <summary><c>ineg</c>: 0 − x.</summary>
    public Value Ineg(Value x) => Unary(Opcode.Ineg, x);

    /// <summary><c>iabs</c>: the signed absolute value; the least integer stays itself.</summary>
    public Value Iabs(Value x) => Unary(Opcode.Iabs, x);

    /// <summary><c>imul</c>: the low half of the product.</summary>
    public Value Imul(Value x, Value y) => Binary(Opcode.Imul, x, y);

    /// <summary><c>umulhi</c>: the high half of the unsigned product.</summary>
    public Value Umulhi(Value x, Value y) => Binary(Opcode.Umulhi, x, y);

    /// <summary><c>smulhi</c>: the high half of the signed product.</summary>
    public Value Smulhi(Value x, Value y) => Binary(Opcode.Smulhi, x, y);

    /// <summary><c>udiv</c>: the unsigned quotient; traps if y is zero.</summary>
    public Value Udiv(Value x, Value y) => Binary(Opcode.Udiv, x, y);

    /// <summary><c>sdiv</c>: the signed quotient, truncated; traps if y is zero or the quotient does not fit.</summary>
    public Value Sdiv(Value x, Value y) => Binary(Opcode.Sdiv, x, y);

    /// <summary><c>urem</c>: the unsigned remainder; traps if y is zero.</summary>
    public Value Urem(Value x, Value y) => Binary(Opcode.Urem, x, y);

    /// <summary><c>srem</c>: the remainder with the sign of x; traps if y is zero.</summary>
    public Value Srem(Value x, Value y) => Binary(Opcode.Srem, x, y);

    /// <summary><c>smin</c>: the signed minimum.</summary>
    public Value Smin(Value x, Value y) => Binary(Opcode.Smin, x, y);

    /// <summary><c>umin</c>: the unsigned minimum.</summary>
    public Value Umin(Value x, Value y) => Binary(Opcode.Umin, x, y);

    /// <summary><c>smax</c>: the signed maximum.</summary>
    public Value Smax(Value x, Value y) => Binary(Opcode.Smax, x, y);

    /// <summary><c>umax</c>: the unsigned maximum.</summary>
    public Value Umax(Value x, Value y) => Binary(Opcode.Umax, x, y);

    /// <summary><c>uadd_overflow</c>: x + y and the carry.</summary>
    public (Value Result, Value Overflow) UaddOverflow(Value x, Value y) => BinaryPair(Opcode.UaddOverflow, x, y);

    /// <summary><c>sadd_overflow</c>: x + y and whether it does not fit as a signed number.</summary>
    public (Value Result, Value Overflow) SaddOverflow(Value x, Value y) => BinaryPair(Opcode.SaddOverflow, x, y);

    /// <summary><c>usub_overflow</c>: x − y and the borrow.</summary>
    public (Value Result, Value Overflow) UsubOverflow(Value x, Value y) => BinaryPair(Opcode.UsubOverflow, x, y);

    /// <summary><c>ssub_overflow</c>: x − y and whether it does not fit as a signed number.</summary>
    public (Value Result, Value Overflow) SsubOverflow(Value x, Value y) => BinaryPair(Opcode.SsubOverflow, x, y);

    /// <summary><c>umul_overflow</c>: the low half of the product and whether the unsigned product does not fit.</summary>
    public (Value Result, Value Overflow) UmulOverflow(Value x, Value y) => BinaryPair(Opcode.UmulOverflow, x, y);

    /// <summary><c>smul_overflow</c>: the low half of the product and whether the signed product does not fit.</summary>
    public (Value Result, Value Overflow) SmulOverflow(Value x, Value y) => BinaryPair(Opcode.SmulOverflow, x, y);

    /// <summary><c>uadd_overflow_cin</c>: x + y + carry and the carry out.</summary>
    public (Value Result, Value Overflow) UaddOverflowCin(Value x, Value y, Value carry) => TernaryPair(Opcode.UaddOverflowCin, x, y, carry);

    /// <summary><c>sadd_overflow_cin</c>: x + y + carry and whether it does not fit as a signed number.</summary>
    public (Value Result, Value Overflow) SaddOverflowCin(Value x, Value y, Value carry) => TernaryPair(Opcode.SaddOverflowCin, x, y, carry);

    /// <summary><c>usub_overflow_bin</c>: x − y − carry and the borrow out.</summary>
    public (Value Result, Value Overflow) UsubOverflowBin(Value x, Value y, Value carry) => TernaryPair(Opcode.UsubOverflowBin, x, y, carry);

    /// <summary><c>ssub_overflow_bin</c>: x − y − carry and whether it does not fit as a signed number.</summary>
    public (Value Result, Value Overflow) SsubOverflowBin(Value x, Value y, Value carry) => TernaryPair(Opcode.SsubOverflowBin, x, y, carry);

    /// <summary><c>uadd_overflow_trap</c>: x + y; traps on carry.</summary>
    public Value UaddOverflowTrap(Value x, Value y, TrapCode code) =>
        Result(InstructionData.Trap(Opcode.UaddOverflowTrap, TypeOf(x), NotNone(code), x, y));

    /// <summary><c>band</c>: bitwise and.</summary>
    public Value Band(Value x, Value y) => Binary(Opcode.Band, x, y);

    /// <summary><c>bor</c>: bitwise or.</summary>
    public Value Bor(Value x, Value y) => Binary(Opcode.Bor, x, y);

    /// <summary><c>bxor</c>: bitwise exclusive or.</summary>
    public Value Bxor(Value x, Value y) => Binary(Opcode.Bxor, x, y);

    /// <summary><c>bnot</c>: bitwise complement.</summary>
    public Value Bnot(Value x) => Unary(Opcode.Bnot, x);

    /// <summary><c>ishl</c>: x shifted left by y modulo its width.</summary>
    public Value Ishl(Value x, Value y) => Binary(Opcode.Ishl, x, y);

    /// <summary><c>ushr</c>: x shifted right by y modulo its width, zeros in.</summary>
    public Value Ushr(Value x, Value y) => Binary(Opcode.Ushr, x, y);

    /// <summary><c>sshr</c>: x shifted right by y modulo its width, sign bits in.</summary>
    public Value Sshr(Value x, Value y) => Binary(Opcode.Sshr, x, y);

    /// <summary><c>rotl</c>: x rotated left by y modulo its width.</summary>
    public Value Rotl(Value x, Value y) => Binary(Opcode.Rotl, x, y);

    /// <summary><c>rotr</c>: x rotated right by y modulo its width.</summary>
    public Value Rotr(Value x, Value y) => Binary(Opcode.Rotr, x, y);

    /// <summary><c>bitrev</c>: the bits in reverse order.</summary>
    public Value Bitrev(Value x) => Unary(Opcode.Bitrev, x);

    /// <summary><c>bswap</c>: the bytes in reverse order.</summary>
    public Value Bswap(Value x) => Unary(Opcode.Bswap, x);

    /// <summary><c>clz</c>: the number of leading zeros.</summary>
    public Value Clz(Value x) => Unary(Opcode.Clz, x);

    /// <summary><c>cls</c>: the number of bits after the sign bit that equal it.</summary>
    public Value Cls(Value x) => Unary(Opcode.Cls, x);

    /// <summary><c>ctz</c>: the number of trailing zeros.</summary>
    public Value Ctz(Value x) => Unary(Opcode.Ctz, x);

    /// <summary><c>popcnt</c>: the number of one bits.</summary>
    public Value Popcnt(Value x) => Unary(Opcode.Popcnt, x);

    /// <summary><c>icmp</c>: 1 if the comparison holds, else 0; all ones for a vector lane.</summary>
    public Value Icmp(IntCC cc, Value x, Value y) => Result(InstructionData.IntCompare(Opcode.Icmp, TypeOf(x), cc, x, y));

    /// <summary><c>select</c>: x if the integer c is not zero, else y.</summary>
    public Value Select(Value c, Value x, Value y) => Ternary(Opcode.Select, c, x, y);

    /// <summary><c>select_spectre_guard</c>: <c>select</c> that is never speculated.</summary>
    public Value SelectSpectreGuard(Value c, Value x, Value y) => Ternary(Opcode.SelectSpectreGuard, c, x, y);

    /// <summary><c>bitselect</c>: bits of x where c has ones, of y elsewhere.</summary>
    public Value Bitselect(Value c, Value x, Value y) => Ternary(Opcode.Bitselect, c, x, y);

    /// <summary><c>uextend</c>: zero-extended to a wider type.</summary>
    public Value Uextend(IrType type, Value x) => Unary(Opcode.Uextend, type, x);

    /// <summary><c>sextend</c>: sign-extended to a wider type.</summary>
    public Value Sextend(IrType type, Value x) => Unary(Opcode.Sextend, type, x);

    /// <summary><c>ireduce</c>: the low bits as a narrower type.</summary>
    public Value Ireduce(IrType type, Value x) => Unary(Opcode.Ireduce, type, x);

    /// <summary><c>isplit</c>: the low and the high half.</summary>
    public (Value Low, Value High) Isplit(Value x) => UnaryPair(Opcode.Isplit, x);

    /// <summary><c>iconcat</c>: an integer of twice the width from its halves.</summary>
    public Value Iconcat(Value low, Value high) => Binary(Opcode.Iconcat, low, high);

    /// <summary><c>bmask</c>: all ones if x is not zero, else zero.</summary>
    public Value Bmask(IrType type, Value x) => Unary(Opcode.Bmask, type, x);
}
