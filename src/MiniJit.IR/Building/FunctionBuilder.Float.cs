// Floating-point arithmetic, comparison, conversion.
namespace MiniJit.IR.Building;

public sealed partial class FunctionBuilder
{
    /// <summary><c>fadd</c>: x + y.</summary>
    public Value Fadd(Value x, Value y) => Binary(Opcode.Fadd, x, y);

    /// <summary><c>fsub</c>: x − y.</summary>
    public Value Fsub(Value x, Value y) => Binary(Opcode.Fsub, x, y);

    /// <summary><c>fmul</c>: x · y.</summary>
    public Value Fmul(Value x, Value y) => Binary(Opcode.Fmul, x, y);

    /// <summary><c>fdiv</c>: x / y.</summary>
    public Value Fdiv(Value x, Value y) => Binary(Opcode.Fdiv, x, y);

    /// <summary><c>sqrt</c>: the square root.</summary>
    public Value Sqrt(Value x) => Unary(Opcode.Sqrt, x);

    /// <summary><c>fma</c>: x · y + z with one rounding.</summary>
    public Value Fma(Value x, Value y, Value z) => Ternary(Opcode.Fma, x, y, z);

    /// <summary><c>fneg</c>: x with its sign bit flipped.</summary>
    public Value Fneg(Value x) => Unary(Opcode.Fneg, x);

    /// <summary><c>fabs</c>: x with its sign bit cleared.</summary>
    public Value Fabs(Value x) => Unary(Opcode.Fabs, x);

    /// <summary><c>fcopysign</c>: x with the sign bit of y.</summary>
    public Value Fcopysign(Value x, Value y) => Binary(Opcode.Fcopysign, x, y);

    /// <summary><c>fmin</c>: the smaller one; NaN if either is.</summary>
    public Value Fmin(Value x, Value y) => Binary(Opcode.Fmin, x, y);

    /// <summary><c>fmax</c>: the larger one; NaN if either is.</summary>
    public Value Fmax(Value x, Value y) => Binary(Opcode.Fmax, x, y);

    /// <summary><c>ceil</c>: rounded towards positive infinity.</summary>
    public Value Ceil(Value x) => Unary(Opcode.Ceil, x);

    /// <summary><c>floor</c>: rounded towards negative infinity.</summary>
    public Value Floor(Value x) => Unary(Opcode.Floor, x);

    /// <summary><c>trunc</c>: rounded towards zero.</summary>
    public Value Trunc(Value x) => Unary(Opcode.Trunc, x);

    /// <summary><c>nearest</c>: rounded to the nearest integer, ties to even.</summary>
    public Value Nearest(Value x) => Unary(Opcode.Nearest, x);

    /// <summary><c>fcmp</c>: 1 if the comparison holds, else 0; all ones for a vector lane.</summary>
    public Value Fcmp(FloatCC cc, Value x, Value y) => Result(InstructionData.FloatCompare(Opcode.Fcmp, TypeOf(x), cc, x, y));

    /// <summary><c>fpromote</c>: as a wider type.</summary>
    public Value Fpromote(IrType type, Value x) => Unary(Opcode.Fpromote, type, x);

    /// <summary><c>fdemote</c>: rounded to a narrower type.</summary>
    public Value Fdemote(IrType type, Value x) => Unary(Opcode.Fdemote, type, x);

    /// <summary><c>fcvt_from_uint</c>: an unsigned integer as a float.</summary>
    public Value FcvtFromUint(IrType type, Value x) => Unary(Opcode.FcvtFromUint, type, x);

    /// <summary><c>fcvt_from_sint</c>: a signed integer as a float.</summary>
    public Value FcvtFromSint(IrType type, Value x) => Unary(Opcode.FcvtFromSint, type, x);

    /// <summary><c>fcvt_to_uint</c>: truncated to an unsigned integer; traps on NaN and out of range.</summary>
    public Value FcvtToUint(IrType type, Value x) => Unary(Opcode.FcvtToUint, type, x);

    /// <summary><c>fcvt_to_sint</c>: truncated to a signed integer; traps on NaN and out of range.</summary>
    public Value FcvtToSint(IrType type, Value x) => Unary(Opcode.FcvtToSint, type, x);

    /// <summary><c>fcvt_to_uint_sat</c>: truncated and clamped to an unsigned integer; NaN is 0.</summary>
    public Value FcvtToUintSat(IrType type, Value x) => Unary(Opcode.FcvtToUintSat, type, x);

    /// <summary><c>fcvt_to_sint_sat</c>: truncated and clamped to a signed integer; NaN is 0.</summary>
    public Value FcvtToSintSat(IrType type, Value x) => Unary(Opcode.FcvtToSintSat, type, x);

    /// <summary><c>x86_cvtt2dq</c>: truncated; NaN and out of range give the least integer.</summary>
    public Value X86Cvtt2dq(IrType type, Value x) => Unary(Opcode.X86Cvtt2dq, type, x);

    /// <summary><c>fvpromote_low</c>: the low lanes of an f32x4 as f64x2.</summary>
    public Value FvpromoteLow(Value x) => Unary(Opcode.FvpromoteLow, x);

    /// <summary><c>fvdemote</c>: an f64x2 as the low lanes of an f32x4.</summary>
    public Value Fvdemote(Value x) => Unary(Opcode.Fvdemote, x);
}
