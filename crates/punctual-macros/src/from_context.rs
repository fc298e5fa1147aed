//! `#[derive(FromContext)]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Field, Fields, Path, parse_quote};

use crate::report::Report;

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let mut report = Report::default();
    let facade = facade(&input, &mut report);
    let fields = fields(&input, &mut report);
    for lifetime in input.generics.lifetimes() {
        let message = "a parameter of a task owns its data; remove the lifetimes";
        report.fault(lifetime.span(), message);
    }
    let parameters: Vec<_> = fields
        .iter()
        .map(|field| Parameter::of(field, &mut report))
        .collect();
    if let Some(errors) = report.into_tokens() {
        return errors;
    }
    let makes = fields
        .iter()
        .zip(&parameters)
        .map(|(field, own)| own.make(field, &facade));
    let checks = parameters.iter().map(|own| own.check(&facade));
    let reads = parameters.iter().map(|own| own.reads_args(&facade));
    let makes = match input_fields(&input) {
        Some(Fields::Unnamed(_)) => quote!(Self(#(#makes),*)),
        Some(Fields::Named(_)) => {
            let names = fields.iter().map(|field| &field.ident);
            quote!(Self { #(#names: #makes),* })
        }
        _ => quote!(Self),
    };
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    if !generics.params.is_empty() {
        let bounds = parameters.iter().map(|own| own.bound(&facade));
        let bounds: Vec<syn::WherePredicate> = bounds.collect();
        generics.make_where_clause().predicates.extend(bounds);
    }
    let (before, after, conditions) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #before #facade::FromContext for #ident #after #conditions {
            const READS_ARGS: ::core::primitive::bool = false #(|| #reads)*;

            async fn from_context(
                __context: &#facade::JobContext,
            ) -> ::core::result::Result<Self, #facade::__private::BoxError> {
                let _ = __context;
                ::core::result::Result::Ok(#makes)
            }

            fn check(
                __context: &#facade::__private::CheckContext<'_>,
            ) -> ::core::result::Result<(), #facade::__private::BoxError> {
                #(#checks)*
                let _ = __context;
                ::core::result::Result::Ok(())
            }
        }
    }
}

/// A field, and the type that it is taken out of.
struct Parameter {
    kind: syn::Type,
    via: Option<Path>,
}

impl Parameter {
    /// Reads a field. `#[from_context(via(State))]` takes `Db` out of a `State<Db>`.
    fn of(field: &Field, report: &mut Report) -> Self {
        let mut via = None;
        for attribute in &field.attrs {
            if !attribute.path().is_ident("from_context") {
                continue;
            }
            let parsed = attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("via") {
                    let content;
                    syn::parenthesized!(content in meta.input);
                    via = Some(content.parse::<Path>()?);
                    return Ok(());
                }
                Err(meta.error("expected `via(State)` or `via(Args)`"))
            });
            report.take(parsed);
        }
        let own = &field.ty;
        let kind = match &via {
            Some(via) => parse_quote!(#via<#own>),
            None => own.clone(),
        };
        Self { kind, via }
    }

    fn make(&self, field: &Field, facade: &Path) -> TokenStream {
        let kind = &self.kind;
        let made = quote_spanned! {field.ty.span()=>
            <#kind as #facade::FromContext>::from_context(__context)
        };
        match &self.via {
            Some(via) => quote!({ let #via(made) = #made.await?; made }),
            None => quote!(#made.await?),
        }
    }

    fn check(&self, facade: &Path) -> TokenStream {
        let kind = &self.kind;
        let check = quote_spanned! {kind.span()=> <#kind as #facade::FromContext>::check };
        quote!(#check(__context)?;)
    }

    fn reads_args(&self, facade: &Path) -> TokenStream {
        let kind = &self.kind;
        quote_spanned! {kind.span()=> <#kind as #facade::FromContext>::READS_ARGS }
    }

    fn bound(&self, facade: &Path) -> syn::WherePredicate {
        let kind = &self.kind;
        parse_quote!(#kind: #facade::FromContext)
    }
}

fn input_fields(input: &DeriveInput) -> Option<&Fields> {
    match &input.data {
        Data::Struct(data) => Some(&data.fields),
        _ => None,
    }
}

fn fields<'a>(input: &'a DeriveInput, report: &mut Report) -> Vec<&'a Field> {
    match input_fields(input) {
        Some(fields) => fields.iter().collect(),
        None => {
            let message =
                "`FromContext` can only be derived for structs, whose fields are parameters";
            report.fault(input.ident.span(), message);
            Vec::new()
        }
    }
}

/// Reads `#[from_context(crate = "path")]` on the struct.
fn facade(input: &DeriveInput, report: &mut Report) -> Path {
    let mut facade: Path = parse_quote!(::punctual);
    for attribute in &input.attrs {
        if !attribute.path().is_ident("from_context") {
            continue;
        }
        let parsed = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("crate") {
                facade = meta.value()?.parse::<syn::LitStr>()?.parse()?;
                return Ok(());
            }
            Err(meta.error("expected `crate = \"path\"`"))
        });
        report.take(parsed);
    }
    facade
}
