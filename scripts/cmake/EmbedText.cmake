# helio_embed_text(out.cc namespace header NAME file ...): text files as `const char* const NAME` of out.cc in the binary folder,
# made at configuration, which runs again when a file changes.
function(helio_embed_text output namespace header)
  set(content "#include \"${CMAKE_CURRENT_SOURCE_DIR}/${header}\"\n\nnamespace ${namespace} {\n\n")
  while(ARGN)
    list(POP_FRONT ARGN name file)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    string(APPEND content "const char* const ${name} = R\"helio_text(${text})helio_text\";\n")
  endwhile()
  string(APPEND content "\n}  // namespace ${namespace}\n")
  file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${output} CONTENT "${content}")
endfunction()
