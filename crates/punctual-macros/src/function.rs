//! Checks that the function below the attributes can be a task.

use proc_macro2::Span;
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::{FnArg, GenericArgument, GenericParam, ItemFn, Pat, PathArguments, ReturnType, Type};

use crate::report::Report;

/// The maximum number of parameters of a handler.
const MOST: usize = 8;

/// Checks the parts of the function that need no knowledge of types.
pub(crate) fn check(function: &ItemFn, report: &mut Report) {
    let signature = &function.sig;
    for parameter in &signature.generics.params {
        let (span, what) = match parameter {
            GenericParam::Type(parameter) => (parameter.span(), "type"),
            GenericParam::Const(parameter) => (parameter.span(), "const"),
            GenericParam::Lifetime(parameter) => (parameter.span(), "lifetime"),
        };
        let message = format!(
            "a task cannot have {what} parameters, since a stored job names one function; write one \
             function for each"
        );
        report.fault(span, message);
    }
    if let Some(keyword) = &signature.unsafety {
        report.fault(
            keyword.span(),
            "a task cannot be unsafe; wrap the call in a safe function",
        );
    }
    for (index, input) in signature.inputs.iter().enumerate() {
        match input {
            FnArg::Receiver(receiver) => report.fault(
                receiver.span(),
                "a method cannot be a task; write a function, and take the value as `State<S>`",
            ),
            FnArg::Typed(typed) => check_parameter(&typed.pat, &typed.ty, report),
        }
        if index == MOST {
            report.fault(
                input.span(),
                "a task has at most 8 parameters; put arguments into one struct (`Args<T>`), or \
                 parameters into one that derives `FromContext`",
            );
        }
    }
}

fn check_parameter(pattern: &Pat, kind: &Type, report: &mut Report) {
    let name = pattern.to_token_stream();
    match kind {
        Type::Reference(reference) => report.fault(
            kind.span(),
            format!(
                "the parameter `{name}` is borrowed, but a task owns its parameters; take {}",
                owned(&reference.elem)
            ),
        ),
        Type::ImplTrait(_) => report.fault(
            kind.span(),
            format!(
                "the parameter `{name}` has no named type; name one that implements `FromContext`"
            ),
        ),
        _ => {}
    }
}

/// Returns the parameter that is written instead of a borrowed one.
fn owned(borrowed: &Type) -> String {
    let text = borrowed.to_token_stream().to_string();
    let owned = match (borrowed, text.as_str()) {
        (_, "str") => "String".to_owned(),
        (_, "Path" | "std :: path :: Path") => "PathBuf".to_owned(),
        (Type::Slice(slice), _) => format!("Vec<{}>", slice.elem.to_token_stream()),
        _ => {
            return format!(
                "`State<Arc<{text}>>` for a value given to the scheduler's builder, or an owned type \
                 in `Args<..>`"
            );
        }
    };
    format!("`Args<{owned}>`")
}

/// Returns the types of all parameters.
pub(crate) fn parameters(function: &ItemFn) -> Vec<&Type> {
    let typed = function.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(&*typed.ty),
        FnArg::Receiver(_) => None,
    });
    typed.collect()
}

/// Returns the `T` of the parameter `Args<T>`.
pub(crate) fn arguments(function: &ItemFn) -> Option<&Type> {
    parameters(function).into_iter().find_map(|kind| {
        let Type::Path(path) = kind else { return None };
        let last = path
            .path
            .segments
            .last()
            .filter(|last| last.ident == "Args")?;
        let PathArguments::AngleBracketed(generics) = &last.arguments else {
            return None;
        };
        generics.args.iter().find_map(|argument| match argument {
            GenericArgument::Type(kind) => Some(kind),
            _ => None,
        })
    })
}

/// Returns true if the function returns a future, since it is `async` or has such a return type.
pub(crate) fn is_async(function: &ItemFn) -> bool {
    if function.sig.asyncness.is_some() {
        return true;
    }
    match &function.sig.output {
        ReturnType::Type(_, kind) => match &**kind {
            Type::ImplTrait(_) => true,
            Type::Path(path) => path
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident == "BoxFuture" || last.ident == "Pin"),
            _ => false,
        },
        ReturnType::Default => false,
    }
}

/// Returns the place of the return type, or of the function's name if it has no return type.
pub(crate) fn result_span(function: &ItemFn) -> Span {
    match &function.sig.output {
        ReturnType::Type(_, kind) => kind.span(),
        ReturnType::Default => function.sig.ident.span(),
    }
}
